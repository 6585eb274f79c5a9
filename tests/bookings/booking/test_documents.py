"""What an airline issued for a booking stands in a table of its own, and adds up to what was paid."""

from datetime import timedelta
from typing import Any

import pytest

from bookings.booking import steps, watching
from bookings.booking.document.models import BookingDocument
from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.sandbox_airline.models import SandboxOrder
from bookings.sandbox_airline.services import SandboxAirline
from bookings.sandbox_airline.triggers import TICKETS_AFTER
from movmo.kit import clock as time
from tests.conftest import StoppedClock
from tests.contract.world import World, cancellation_of, view_of

pytestmark = pytest.mark.django_db
Kind = BookingDocument.Kind


def documents_of(booking: BookingView, *kinds: Kind) -> list[BookingDocument]:
    rows = BookingDocument.objects.filter(booking_id=booking.booking_id, kind__in=kinds or Kind.values)
    return list(rows.order_by("kind", "number"))


def family(world: World, **flight: Any) -> BookingView:
    return view_of(BookingView, world.book(world.mapped_offer("ADT", "ADT", "CHD", **flight)))


def test_each_ticket_has_a_row_with_its_part_of_the_total(world: World, clock: StoppedClock) -> None:
    told = family(world)
    booking, rows = Booking.objects.get(pk=told.booking_id), documents_of(told)
    assert [row.number for row in rows] == sorted(document["number"] for document in booking.documents)
    assert sum(row.amount_minor for row in rows) == booking.total_minor
    assert max(row.amount_minor for row in rows) - min(row.amount_minor for row in rows) <= 1
    content = booking.offer.content
    assert sum(row.tax_minor or 0 for row in rows) == content.tax_minor
    assert sum(row.fee_minor or 0 for row in rows) == content.fees_minor
    for row in rows:
        assert (row.kind, row.provider, row.order_id) == (Kind.TICKET, "sandbox", booking.order_id)
        assert (row.record_locator, row.currency) == (booking.locator, booking.currency)
        assert (row.issued_on, row.issued_at) == (clock.now.date(), clock.now)


def test_it_is_the_airlines_statement_to_the_minor_unit(world: World, clock: StoppedClock) -> None:
    told = family(world)
    lines = {line.document_number: line for line in SandboxAirline().statement(clock.now.date())}
    for row in documents_of(told):
        assert (lines[row.number].amount, lines[row.number].order_id) == (row.amount, row.order_id)


def test_tickets_that_come_later_are_written_down_when_they_come(world: World, clock: StoppedClock) -> None:
    told = view_of(BookingView, world.book(world.mapped_offer(family_name="NOTICKET")))
    assert documents_of(told) == []
    clock.forward(minutes=TICKETS_AFTER / timedelta(minutes=1) + 1)
    Booking.objects.filter(pk=told.booking_id).update(watch_at=clock.now)
    watching.look(told.booking_id, clock=time.now)
    [ticket] = documents_of(told)
    assert (ticket.amount, ticket.issued_at) == (Booking.objects.get(pk=told.booking_id).total, clock.now)


def test_a_hold_has_none_until_it_is_paid_for(world: World) -> None:
    held = world.hold()
    assert documents_of(held) == []
    world.call("confirm_hold", booking_id=str(held.booking_id), expected_total=held.total.model_dump())
    [ticket] = documents_of(held)
    assert str(ticket.amount) == f"{held.total.amount} {held.total.currency}"


def test_what_is_given_back_is_divided_among_the_tickets(world: World) -> None:
    booked = family(world)
    world.call("cancel_booking", **cancellation_of(world.quote(booked)))
    booking = Booking.objects.get(pk=booked.booking_id)
    back = documents_of(booked, Kind.REFUND, Kind.VOID)
    tickets = documents_of(booked, Kind.TICKET)
    assert len(tickets) == 3
    assert sum(row.amount_minor for row in tickets) == booking.total_minor
    assert sum(row.amount_minor for row in back) == booking.refund_minor
    order = SandboxOrder.objects.get(client_reference=str(booking.pk))
    assert {row.kind for row in back} == ({Kind.REFUND} if order.refund_minor else {Kind.VOID})


class TestWordByWord:
    """By the steps of the saga, as the airline of the test says."""

    @pytest.fixture
    def booking(self, world: World) -> Booking:
        booked = view_of(BookingView, world.book(world.mapped_offer("ADT", "ADT", holdable=True), mode="hold"))
        return steps.reload(booked.booking_id)

    def learn(self, booking: Booking, *numbers: str, type_: str = "electronic_ticket", **changes: Any) -> Booking:
        slots = [person["slot_id"] for person in booking.people]
        told = [
            {"type": type_, "number": number, "slot_id": slots[place % 2], "coupons": changes.pop("coupons", [])}
            for place, number in enumerate(numbers)
        ]
        return steps.note_facts(booking, now=time.now(), reason="a test", documents=told, **changes)

    def amounts(self, booking: Booking, *kinds: Kind) -> dict[str, int]:
        rows = BookingDocument.objects.filter(booking=booking, kind__in=kinds or [Kind.TICKET, Kind.EMD])
        return {row.number: row.amount_minor for row in rows}

    def test_the_second_ticket_shares_with_the_first(self, booking: Booking) -> None:
        booking = self.learn(booking, "0001")
        assert self.amounts(booking) == {"0001": booking.total_minor}
        self.learn(booking, "0001", "0002")
        assert sum(self.amounts(booking).values()) == booking.total_minor
        assert len(self.amounts(booking)) == 2

    def test_an_exchanged_ticket_keeps_its_amount(self, booking: Booking) -> None:
        booking = self.learn(booking, "0001", "0002")
        first = self.amounts(booking)["0001"]
        self.learn(booking, "0002", "0003")
        amounts = self.amounts(booking)
        assert amounts["0001"] == first
        assert sum(amounts.values()) == booking.total_minor
        assert set(BookingDocument.objects.filter(number="0003").values_list("tax_minor", flat=True)) == {None}

    def test_emds_alone_stand_for_everything(self, booking: Booking) -> None:
        self.learn(booking, "0009", type_="electronic_miscellaneous_document_associated")
        [row] = BookingDocument.objects.filter(booking=booking)
        assert (row.kind, row.amount_minor) == (Kind.EMD, booking.total_minor)

    def test_the_airlines_void_is_a_void(self, booking: Booking) -> None:
        booking = self.learn(booking, "0001")
        told = [{**booking.documents[0], "coupons": ["void", "void"]}]
        steps.settle(
            booking, State.CANCELLED, now=time.now(), reason="a test", documents=told, refund_minor=booking.total_minor
        )
        assert self.amounts(booking, Kind.VOID) == {"0001": booking.total_minor}
        assert self.amounts(booking, Kind.REFUND) == {}

    def test_nothing_is_given_back_where_nobody_has_said_how_much(self, booking: Booking) -> None:
        booking = self.learn(booking, "0001")
        steps.settle(booking, State.CANCELLED, now=time.now(), reason="a test", refund_minor=None)
        assert self.amounts(booking, Kind.REFUND, Kind.VOID) == {}

    def test_a_step_that_lost_its_race_writes_no_document(self, booking: Booking) -> None:
        Booking.objects.filter(pk=booking.pk).update(fence=booking.fence + 1)
        self.learn(booking, "0001")
        assert self.amounts(booking) == {}

    def test_the_first_record_locator_is_a_column(self, booking: Booking) -> None:
        steps.note_facts(booking, now=time.now(), reason="a test", record_locators=["QWERTZ", "YXCVBN"])
        assert Booking.objects.get(record_locator="QWERTZ").pk == booking.pk
