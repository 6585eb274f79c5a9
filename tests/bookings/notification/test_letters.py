"""Which letters a traveler gets about a booking, and when."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from pytest_django import Settings

from bookings.booking.actors import Actor
from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.states import State
from movmo.accounts.models import User
from movmo.accounts.personal import PersonKey
from movmo.operations.models import Event, Outbox
from partners.oauth.models import Application
from tests.bookings.notification.journey import TICKET, Journey, Severity, page_of, words_of
from tests.contract.world import World
from tests.letters import post
from tests.saga import airline as moods
from tests.saga.trip import Trip

pytestmark = pytest.mark.django_db


def test_one_letter_for_a_booking_that_is_confirmed_and_ticketed_together(world: World, clock: Any) -> None:
    """Through the real doors, with the sandbox airline."""
    booking = world.booking()
    post()
    clock.forward(minutes=5)
    post()
    [letter] = mail.outbox
    assert letter.subject.startswith("You are booked: Amsterdam to Lisbon, Fri 30 April 2027")
    assert letter.to == ["ana@example.com"]
    for known in (booking.record_locators[0], booking.documents[0].number, "ANDERSSON", booking.total.amount):
        assert known in letter.body


class TestConfirmation:
    def test_it_has_everything(self, journey: Journey, settings: Settings) -> None:
        settings.ORIGIN = "https://movmo.example"
        journey.is_confirmed(State.TICKETED, documents=journey.documents(), record_locators=["BCDFGH", "JKLMNP"])
        letter = journey.letter()
        booking = journey.booking
        for text in (letter.body, words_of(page_of(letter))):
            for known in ("BCDFGH", "JKLMNP", TICKET, "ANDERSSON/ANAAA", str(booking.total), "Europe/Amsterdam"):
                assert known in text
        trip = f"https://movmo.example/accounts/trips/{booking.pk}/"
        assert trip in letter.body
        assert f'href="{trip}"' in page_of(letter)
        assert "does not exist" in letter.body, "the sandbox airline is told apart"

    def test_without_tickets_it_says_so_after_a_moment(self, journey: Journey) -> None:
        journey.is_confirmed()
        post()
        assert mail.outbox == []
        assert journey.letter().subject.startswith("Reserved, tickets to follow: ")

    def test_tickets_that_come_within_a_moment_make_one_letter(self, journey: Journey) -> None:
        journey.is_confirmed()
        post()
        journey.clock.forward(seconds=30)
        journey.is_ticketed()
        assert journey.subjects() == ["You are booked"]

    def test_tickets_that_come_later_are_told_by_themselves(self, journey: Journey) -> None:
        journey.is_confirmed()
        assert journey.subjects() == ["Reserved, tickets to follow"]
        journey.is_ticketed()
        assert journey.subjects() == ["Reserved, tickets to follow", "Your tickets"]

    def test_a_cancellation_that_was_refused_confirms_nothing_anew(self, journey: Journey) -> None:
        journey.is_ticketed()
        journey.letters()
        journey.goes(State.CANCELLING)
        journey.goes(State.TICKETED)
        assert journey.subjects() == ["You are booked"]

    def test_the_card_is_told_by_its_end(self, journey: Journey, the_vault: Any) -> None:
        card = journey.world.card()
        Booking.objects.filter(pk=journey.booking.pk).update(payment_method=card.payment_method_id)
        journey.is_ticketed()
        assert "Paid with Visa ending in 4242" in journey.letter().body


class TestHold:
    def test_pay_by_is_told_in_the_time_of_where_one_leaves(self, journey: Journey) -> None:
        journey.is_held(journey.clock.now + timedelta(hours=24))
        body = journey.letter().body
        assert "by 13:00 on Tue 2 March 2027 in Amsterdam (Europe/Amsterdam, UTC+01:00)" in body

    def test_one_that_has_ended_meanwhile_is_not_told_as_held(self, journey: Journey) -> None:
        journey.is_held(journey.clock.now + timedelta(hours=24))
        journey.clock.forward(hours=25)
        assert journey.letters() == []

    def test_it_lapses(self, journey: Journey) -> None:
        journey.is_held(None)
        journey.letters()
        journey.goes(State.LAPSED)
        assert journey.subjects() == ["Held for you", "No longer held"]

    def test_a_payment_that_was_refused(self, journey: Journey) -> None:
        journey.is_held(None)
        journey.letters()
        journey.goes(State.CONFIRMING)
        journey.goes(State.HELD)
        assert journey.subjects() == ["Held for you", "Not paid yet"]


class TestUndecided:
    def test_a_failure_that_was_told_at_once_is_no_news(self, journey: Journey) -> None:
        journey.is_sent()
        journey.goes(State.FAILED, failure_code="sold_out", failure_facts={})
        assert journey.letters() == []

    @pytest.mark.parametrize("told_as", [State.PENDING, State.UNKNOWN])
    def test_a_failure_after_waiting_is_told_with_its_reason(self, journey: Journey, told_as: State) -> None:
        journey.is_sent()
        journey.goes(told_as)
        assert journey.letters() == [], "that is a state of ours"
        journey.goes(State.FAILED, failure_code="sold_out", failure_facts={})
        letter = journey.letter()
        assert letter.subject.startswith("Not booked: ")
        assert "The last seats of this offer have been sold." in letter.body

    def test_the_bank_is_reached_by_the_trip_and_never_by_its_own_address(self, journey: Journey) -> None:
        journey.goes(State.REQUIRES_ACTION, challenge_url="https://bank.example/challenge")
        letter = journey.letter()
        assert letter.subject.startswith("Your bank asks you: ")
        assert f"/accounts/trips/{journey.booking.pk}/" in letter.body
        assert "bank.example" not in letter.body + page_of(letter)

    def test_a_bank_that_was_answered_at_once_is_not_told(self, journey: Journey) -> None:
        journey.goes(State.REQUIRES_ACTION, challenge_url="https://bank.example/challenge")
        post()
        journey.goes(State.RESERVED, challenge_url="")
        assert journey.letters() == []


class TestCancellation:
    def test_with_a_penalty(self, journey: Journey) -> None:
        journey.is_ticketed()
        journey.letters()
        journey.goes(State.CANCELLING)
        total, currency = journey.booking.total_minor, journey.booking.currency
        journey.is_cancelled(by="traveler", refund=total - 5000, penalty=5000, refund_to="original_payment")
        letter = journey.letters()[-1]
        assert letter.subject.startswith("Cancelled: ")
        assert "as you asked" in letter.body
        assert f"{(total - 5000) / 100:.2f} {currency} back, to the way it was paid" in letter.body
        assert f"keeps 50.00 {currency}" in letter.body

    def test_by_the_airline_which_has_not_said_what_it_gives_back(self, journey: Journey) -> None:
        journey.is_ticketed()
        journey.letters()
        journey.is_cancelled(by="airline", refund=None)
        body = journey.letters()[-1].body
        assert "The airline has cancelled it" in body
        assert "has not said what it gives back. Ask it" in body

    def test_without_a_refund(self, journey: Journey) -> None:
        journey.is_ticketed()
        journey.letters()
        journey.is_cancelled(by="traveler", refund=0, penalty=journey.booking.total_minor, refund_to="none")
        body = journey.letters()[-1].body
        assert f"gives nothing back and keeps {journey.booking.total}." in body
        assert "It was cancelled as you asked." in body

    def test_that_an_application_asked_for_is_told_as_such(self, journey: Journey, scout: Application) -> None:
        journey.is_ticketed()
        journey.letters()
        journey.goes(State.CANCELLING, by=Actor("traveler", f"mcp {scout.client_id}"))
        journey.is_cancelled(by="traveler", refund=0)
        assert "because an application asked for it that you let act for you" in journey.letters()[-1].body

    def test_of_a_hold_costs_nothing_and_is_in_no_calendar(self, journey: Journey) -> None:
        journey.is_held(None)
        journey.letters()
        journey.is_cancelled(by="traveler", refund=0)
        letter = journey.letters()[-1]
        assert "had not been paid for" in letter.body
        assert letter.attachments == []


class TestScheduleChange:
    @pytest.fixture(autouse=True)
    def booked(self, journey: Journey) -> None:
        journey.is_ticketed()
        journey.letters()

    def test_a_major_one_shows_both_and_says_what_to_do(self, journey: Journey) -> None:
        times = [first_time(journey.booking.itinerary)]
        change = journey.change(Severity.MAJOR)
        times.append(first_time(change.after))
        letter = journey.letters()[-1]
        assert letter.subject.startswith("Please decide: ")
        for text in (letter.body, words_of(page_of(letter))):
            assert all(time in text for time in times)
            assert "accept the new times" in text
            assert "cancel" in text

    def test_a_minor_one_is_told_when_it_is_accepted(self, journey: Journey) -> None:
        change = journey.change(Severity.MINOR, later=timedelta(minutes=10))
        post()
        journey.is_accepted(change, by="movmo")
        letter = journey.letters()[-1]
        assert journey.subjects() == ["You are booked", "New times"]
        assert first_time(change.after) in letter.body
        assert first_time(change.before) not in letter.body

    def test_a_minor_one_that_stays_undecided_is_the_travelers_in_the_end(self, journey: Journey) -> None:
        journey.change(Severity.MINOR, later=timedelta(minutes=10))
        assert journey.subjects() == ["You are booked"]
        journey.clock.forward(minutes=15)
        assert journey.subjects() == ["You are booked", "Please decide"]

    def test_one_that_was_decided_meanwhile_is_not_asked_about(self, journey: Journey) -> None:
        change = journey.change(Severity.MAJOR)
        journey.is_accepted(change, by="traveler")
        letters = journey.letters()
        assert [letter.subject.partition(":")[0] for letter in letters] == ["You are booked", "New times"]
        assert "You have accepted" in letters[-1].body

    def test_of_two_in_a_row_only_the_newest_times_are_told(self, journey: Journey) -> None:
        journey.is_accepted(journey.change(Severity.MINOR, later=timedelta(minutes=10)), by="movmo")
        second = journey.change(Severity.MINOR, later=timedelta(minutes=20))
        journey.is_accepted(second, by="movmo")
        letters = journey.letters()
        assert len(letters) == 2
        assert first_time(second.after) in letters[-1].body

    def test_one_that_is_withdrawn(self, journey: Journey) -> None:
        change = journey.change(Severity.MAJOR)
        journey.letters()
        journey.tells_of(change, ScheduleChange.State.WITHDRAWN, "airline")
        assert journey.subjects()[-1] == "As booked"

    def test_of_a_booking_that_is_over_nothing_is_asked(self, journey: Journey) -> None:
        journey.change(Severity.MAJOR)
        journey.is_cancelled(by="airline", refund=None)
        assert journey.subjects() == ["You are booked", "Cancelled"]


def first_time(itinerary: list[dict[str, Any]]) -> str:
    return str(itinerary[0]["segments"][0]["departing"]["local"])[11:16]


class PowerCut(BaseException):
    """The worker dies here: nothing of ours may catch it."""


class DyingBackend(EmailBackend):
    """The letter leaves, and then the power fails."""

    def send_messages(self, messages: list[EmailMessage]) -> int:  # type: ignore[override]
        super().send_messages(messages)
        raise PowerCut


class TestDelivery:
    def test_a_worker_that_dies_after_posting_posts_the_same_letter(self, journey: Journey, settings: Settings) -> None:
        journey.is_ticketed()
        there, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.DyingBackend"
        with pytest.raises(PowerCut):
            post()
        settings.EMAIL_BACKEND = there
        first, second = journey.letters()
        event = Event.objects.get(type="booking.ticketed.v1")
        assert first.message()["Message-ID"] == second.message()["Message-ID"]
        assert str(event.pk) in first.message()["Message-ID"]

    def test_a_mail_server_that_is_away_is_tried_again(
        self, journey: Journey, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        journey.is_ticketed()
        there, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "tests.accounts.mail_away.Backend"
        post()
        assert Outbox.objects.exclude(reason="").get().reason == "LetterNotTaken"
        assert "ana@example.com" not in caplog.text
        settings.EMAIL_BACKEND = there
        assert journey.subjects() == ["You are booked"]

    def test_the_letter_of_a_moment_ago_tells_how_it_is_now(self, journey: Journey, settings: Settings) -> None:
        journey.is_ticketed()
        there, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "tests.accounts.mail_away.Backend"
        post()
        journey.is_accepted(journey.change(Severity.MINOR, later=timedelta(minutes=10)), by="movmo")
        settings.EMAIL_BACKEND = there
        late = first_time(journey.booking.itinerary)
        assert all(late in letter.body for letter in journey.letters())

    def test_an_event_orders_one_letter_however_often_it_is_published(self, journey: Journey) -> None:
        journey.is_ticketed()
        post()
        event = Event.objects.get(type="booking.ticketed.v1")
        Event.objects.filter(pk=event.pk).update(position=None)
        Outbox.objects.filter(dedup=f"event:{event.pk}").update(state=Outbox.State.READY)
        assert journey.subjects() == ["You are booked"]

    def test_the_outbox_holds_ids_and_nothing_else(self, journey: Journey) -> None:
        journey.is_ticketed()
        journey.letters()
        for row in Outbox.objects.filter(topic="letter"):
            assert list(row.payload) == ["event_id"]
            assert re.fullmatch(r"letter:[0-9a-f-]{36}", row.dedup)


class TestNobodyToReadIt:
    def test_an_account_that_was_deleted_gets_no_letter(self, journey: Journey) -> None:
        journey.is_ticketed()
        call_command("delete_account", "ana@example.com", "--yes")
        assert [letter.subject for letter in journey.letters()] == ["Your Movmo account was deleted"]

    def test_nor_does_what_is_left_of_one_whose_key_is_gone(self, journey: Journey, ana: User) -> None:
        journey.is_ticketed()
        PersonKey.objects.filter(user=ana).delete()
        assert journey.letters() == []

    def test_a_closed_account_gets_none(self, journey: Journey, ana: User) -> None:
        journey.is_ticketed()
        User.objects.filter(pk=ana.pk).update(is_active=False)
        assert journey.letters() == []


def test_the_letter_goes_to_where_the_person_is_now(journey: Journey, ana: User) -> None:
    journey.is_ticketed()
    User.objects.filter(pk=ana.pk).update(email="ana@example.org")
    assert journey.letter().to == ["ana@example.org"]


def test_an_answer_that_was_lost_and_found_is_told_once(world: World, clock: Any, airline: Any) -> None:
    trip = Trip(world, airline, clock)
    trip.book(moods.loses_the_answer)
    trip.read()
    post()
    clock.forward(minutes=5)
    post()
    assert [letter.subject.partition(":")[0] for letter in mail.outbox] == ["You are booked"]
