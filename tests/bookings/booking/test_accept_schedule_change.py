"""accept_schedule_change: only the change that waits; then the new itinerary is the booking's."""

import pytest

from bookings.booking.acceptance.refusals import ScheduleChangeDecided, ScheduleChangeWithdrawn
from bookings.booking.amendment import services
from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import AlreadyCancelled, BookingBusy
from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.providers.errors import Refusal
from bookings.providers.types import OrderStatus
from bookings.sandbox_airline.models import SandboxOrder
from movmo.kit.errors import DomainError, NotFound
from movmo.operations.context import Caller
from movmo.operations.models import Event
from tests.conftest import StoppedClock
from tests.contract.world import World, new_key, view_of
from tests.saga import airline as moods
from tests.saga.live_trip import LiveTrip

pytestmark = pytest.mark.django_db


class TestAccepted:
    def test_the_new_itinerary_is_the_booking_s(self, world: World) -> None:
        change = world.schedule_change()
        booking = view_of(BookingView, world.call("accept_schedule_change", **change))
        after = ScheduleChange.objects.get().after
        assert [part.model_dump(mode="json") for part in booking.slices] == after
        assert (booking.status, booking.under_way, Booking.objects.get().itinerary_version) == ("ticketed", None, 2)

    def test_the_change_says_who_decided_and_when(self, world: World, clock: StoppedClock) -> None:
        world.call("accept_schedule_change", **world.schedule_change())
        change = ScheduleChange.objects.get()
        assert (change.state, change.decided_by, change.decided_at) == ("accepted", "traveler", clock.now)

    def test_the_older_itinerary_is_not_lost(self, world: World) -> None:
        change = world.schedule_change()
        before = Booking.objects.get().itinerary
        world.call("accept_schedule_change", **change)
        assert ScheduleChange.objects.get().before == before != Booking.objects.get().itinerary

    def test_it_is_told_as_an_event_without_a_gap(self, world: World) -> None:
        world.call("accept_schedule_change", **world.schedule_change())
        told = Event.objects.filter(subject_id=Booking.objects.get().pk).order_by("sequence")
        assert [(event.type, event.payload.get("state")) for event in told][-2:] == [
            ("booking.schedule_changed.v1", "waiting"),
            ("booking.schedule_changed.v1", "accepted"),
        ]
        assert [event.sequence for event in told] == list(range(1, len(told) + 1))
        assert Booking.objects.get().sequence == len(told)

    def test_the_airline_knows(self, world: World) -> None:
        world.call("accept_schedule_change", **world.schedule_change())
        assert SandboxOrder.objects.get().change_accepted_at is not None

    def test_a_replay_tells_it_again(self, world: World) -> None:
        change, key = world.schedule_change(), new_key()
        first = world.call("accept_schedule_change", key=key, **change)
        again = world.call("accept_schedule_change", key=key, **change)
        assert (again.view, again.replayed) == (first.view, True)

    def test_of_a_hold_it_stays_held(self, held: LiveTrip) -> None:
        held.accept()
        assert (held.state, held.booking.itinerary_version) == (State.HELD, 2)

    def test_tickets_that_came_with_the_answer_are_kept(self, booked: LiveTrip) -> None:
        Booking.objects.update(state=State.CONFIRMED, documents=[])
        booked.accept()
        assert booked.state is State.TICKETED

    def test_a_hold_that_was_paid_for_elsewhere_is_ticketed(self, held: LiveTrip) -> None:
        held.order.status = OrderStatus.CONFIRMED
        held.accept()
        assert held.state is State.TICKETED
        assert held.path[-3:] == ["confirming", "confirmed", "ticketed"]

    def test_what_was_taken_for_withdrawn_meanwhile_is_accepted_all_the_same(self, booked: LiveTrip) -> None:
        booked.airline.before_answering = lambda: ScheduleChange.objects.update(state="withdrawn")
        booked.accept()
        assert ScheduleChange.objects.get().state == "accepted"


def refusal(world: World, change: dict[str, str]) -> DomainError:
    """What a refused call says. Nothing is left of it."""
    before = list(Booking.objects.values()), list(ScheduleChange.objects.values()), Amendment.objects.count()
    with pytest.raises(DomainError) as caught:
        world.call("accept_schedule_change", **change)
    after = list(Booking.objects.values()), list(ScheduleChange.objects.values()), Amendment.objects.count()
    assert after == before
    return caught.value


class TestRefused:
    def test_a_change_that_was_withdrawn(self, world: World) -> None:
        change = world.schedule_change()
        ScheduleChange.objects.update(state="withdrawn")
        assert isinstance(refusal(world, change), ScheduleChangeWithdrawn)

    def test_one_that_the_airline_has_just_withdrawn(self, world: World) -> None:
        change = world.schedule_change()
        SandboxOrder.objects.update(trigger="")
        with pytest.raises(ScheduleChangeWithdrawn):
            world.call("accept_schedule_change", **change)
        row = ScheduleChange.objects.get()
        assert (row.state, row.decided_by, Booking.objects.get().itinerary_version) == ("withdrawn", "airline", 1)
        told = Event.objects.latest("id")
        assert (told.type, told.payload["state"]) == ("booking.schedule_changed.v1", "withdrawn")

    def test_one_that_was_accepted(self, world: World) -> None:
        change = world.schedule_change()
        world.call("accept_schedule_change", **change)
        refused = refusal(world, change)
        assert isinstance(refused, ScheduleChangeDecided)
        assert refused.facts == {"state": "accepted"}

    def test_one_of_a_booking_that_was_cancelled(self, world: World) -> None:
        change = world.schedule_change()
        quote = world.call("quote_cancellation", booking_id=change["booking_id"]).view.model_dump(mode="json")
        world.call("cancel_booking", booking_id=quote["booking_id"], quote_id=quote["quote_id"])
        assert isinstance(refusal(world, change), AlreadyCancelled)

    def test_one_of_another_booking(self, world: World) -> None:
        change, other = world.schedule_change(), world.booking()
        assert isinstance(refusal(world, {**change, "booking_id": str(other.booking_id)}), NotFound)

    def test_somebody_else_s(self, world: World, bo_at_aviare: Caller) -> None:
        change = world.schedule_change()
        assert isinstance(refusal(World(bo_at_aviare), change), NotFound)

    def test_while_the_booking_is_being_cancelled(self, booked: LiveTrip) -> None:
        booked.announce()
        booked.cancel(moods.hears_nothing)
        assert isinstance(booked.accept(), BookingBusy)

    def test_for_no_reason_that_the_airline_gives(self, booked: LiveTrip) -> None:
        booked.accept(moods.says_no(Refusal.OTHER))
        assert ScheduleChange.objects.get().state == "waiting"


class TestByPolicy:
    def test_movmo_accepts_and_a_sweep_drives_it_on(self, booked: LiveTrip) -> None:
        change = booked.announce()
        amendment = services.accept_by_policy(change, now=booked.clock.now)
        assert amendment is not None
        assert (amendment.who, booked.airline.asked_for) == ("movmo", [])
        booked.resolve()
        change.refresh_from_db()
        assert (change.state, change.decided_by, booked.booking.itinerary_version) == ("accepted", "movmo", 2)

    def test_not_while_something_else_is_asked(self, booked: LiveTrip) -> None:
        change = booked.announce()
        booked.accept(moods.hears_nothing)
        assert services.accept_by_policy(change, now=booked.clock.now) is None
        assert Amendment.objects.count() == 1

    @pytest.mark.parametrize("state", [State.CANCELLING, State.CANCELLED, State.MANUAL_REVIEW])
    def test_not_for_a_booking_that_does_not_stand(self, booked: LiveTrip, state: State) -> None:
        change = booked.announce()
        Booking.objects.update(state=state)
        assert services.accept_by_policy(change, now=booked.clock.now) is None
