"""A booking whose order lives, and everything that may be asked of it."""

from dataclasses import replace
from typing import Any

from bookings.booking.amendment.models import Amendment
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.cancellation.schemas import CancellationQuoteView
from bookings.providers.types import AnnouncedChange
from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.operations.dispatch import Answer, dispatch
from tests.contract.world import new_key, the, view_of
from tests.saga.airline import DeskMood, Order, PowerCut
from tests.saga.trip import Trip, power_cut

Heard = Answer | DomainError | PowerCut


class LiveTrip(Trip):
    """One key for each thing that is asked; the same asked again is a replay."""

    def start_anew(self) -> None:
        super().start_anew()
        self.keys = {name: new_key() for name in ("confirm_hold", "cancel_booking", "accept_schedule_change")}
        self.quote_id, self.change_id = "", ""

    def begin(self, *, hold: bool = False) -> None:
        """Booked, or held."""
        self.start_anew()
        self.world.book(self.offer, key=self.key, mode="hold" if hold else "instant")
        self.order_id = self.booking.order_id

    def confirm(self, *moods: DeskMood, **changes: Any) -> Heard:
        return self.ask("confirm_hold", *moods, **changes)

    def cancel(self, *moods: DeskMood, **changes: Any) -> Heard:
        if not self.quote_id:
            self.quote()
        return self.ask("cancel_booking", *moods, **changes)

    def accept(self, *moods: DeskMood, **changes: Any) -> Heard:
        if not self.change_id:
            self.announce()
        return self.ask("accept_schedule_change", *moods, **changes)

    def ask(self, name: str, *moods: DeskMood, key: str = "", **changes: Any) -> Heard:
        self.airline.desk_moods += moods
        try:
            return self.world.call(name, key=key or self.keys[name], **{**self.arguments(name), **changes})
        except (DomainError, PowerCut) as outcome:
            return outcome

    def ask_and_lose_power(self, name: str) -> None:
        """T1 commits, then the process dies."""
        dying = replace(the(name), advance=power_cut)
        try:
            dispatch(dying, self.world.caller, self.arguments(name), self.keys[name])
        except PowerCut:
            return
        raise AssertionError("the power did not fail")

    def arguments(self, name: str) -> dict[str, Any]:
        booking = self.booking
        total = {"amount": booking.total.amount, "currency": booking.total.currency}
        of_its_own: dict[str, dict[str, Any]] = {
            "confirm_hold": {"expected_total": total},
            "cancel_booking": {"quote_id": self.quote_id},
            "accept_schedule_change": {"change_id": self.change_id},
        }
        return {"booking_id": str(booking.pk), **of_its_own[name]}

    def quote(self) -> CancellationQuoteView:
        quote = view_of(CancellationQuoteView, self.world.call("quote_cancellation", booking_id=str(self.booking.pk)))
        self.quote_id = str(quote.quote_id)
        return quote

    def announce(self, reference: str = "sch_1") -> ScheduleChange:
        """The airline has announced a change, and we have written it down."""
        booking = self.booking
        after = [{**part, "duration_minutes": part["duration_minutes"] + 60} for part in booking.itinerary]
        type(booking).objects.filter(pk=booking.pk).update(is_amended=True)
        change = ScheduleChange.objects.create(
            booking=booking,
            reference=reference,
            version=booking.itinerary_version + 1,
            severity=ScheduleChange.Severity.MAJOR,
            before=booking.itinerary,
            after=after,
            announced_at=clock.now(),
        )
        self.order.change = AnnouncedChange(reference, (), clock.now())
        self.change_id = str(change.pk)
        return change

    @property
    def order(self) -> Order:
        order = self.airline.order(self.order_id)
        assert order is not None
        return order

    @property
    def amendment(self) -> Amendment:
        return Amendment.objects.latest("id")
