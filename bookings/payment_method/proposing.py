"""What a person is shown before an agent deletes a card of theirs."""

from bookings.payment_method.models import PaymentMethod
from bookings.payment_method.schemas import NamePaymentMethod
from bookings.payment_method.words import card_in_words
from movmo.operations.approval.proposal import Fact, Proposal
from movmo.operations.context import Context


def of_deletion(ctx: Context, request: NamePaymentMethod) -> Proposal:
    card = PaymentMethod.objects.get(pk=request.payment_method_id, user_id=ctx.traveler_id)
    after = Fact(label="Afterwards", text="To pay with it again you would type it in again.")
    return Proposal(title=f"Delete the card {card_in_words(card)}", facts=[after])
