"""What a person is shown before an agent deletes somebody of theirs."""

from bookings.passenger.models import Passenger
from bookings.passenger.queries import as_asked
from bookings.passenger.schemas import NamePassenger
from movmo.operations.approval.proposal import Fact, Proposal
from movmo.operations.context import Context


def of_deletion(ctx: Context, request: NamePassenger) -> Proposal:
    person = as_asked(Passenger.objects.get(pk=request.passenger_id, user_id=ctx.traveler_id))
    return Proposal(
        title=f"Delete the saved passenger “{person.name}”",
        people=[person],
        facts=[
            Fact(label="What stays", text="Bookings that this person is in."),
            Fact(label="What goes", text="The saved documents, too."),
        ],
    )
