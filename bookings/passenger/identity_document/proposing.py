"""What a person is shown before an application deletes a document of theirs. The document itself is gone by then."""

from bookings.passenger.identity_document.schemas import NameIdentityDocument
from bookings.passenger.models import Passenger
from bookings.passenger.queries import as_asked
from movmo.operations.approval.proposal import Proposal
from movmo.operations.context import Context


def of_deletion(ctx: Context, request: NameIdentityDocument) -> Proposal:
    person = as_asked(Passenger.objects.get(pk=request.passenger_id, user_id=ctx.traveler_id))
    return Proposal(title=f"Delete an identity document of {person.name}", people=[person])
