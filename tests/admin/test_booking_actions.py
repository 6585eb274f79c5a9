"""What clerks do about a booking: in their own name, with a reason, once; and refused to everybody else."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client

from bookings.booking import steps
from bookings.booking.amendment.models import Amendment
from bookings.booking.models import Booking
from bookings.booking.provider_call.models import ProviderCall
from bookings.booking.states import State
from bookings.cancellation.models import CancellationQuote
from bookings.office import services
from bookings.office.actions import ACTIONS
from movmo.accounts.models import User
from movmo.kit import clock as time
from movmo.kit.ids import new_id
from movmo.operations.models import AuditEvent, Outbox
from tests.conftest import StoppedClock
from tests.contract.world import World
from tests.letters import post
from tests.office import clerk_with_app, entered

WHY = "The traveler asked on the telephone"


@pytest.fixture
def support(db: None) -> User:
    clerk = clerk_with_app("support@movmo.example", is_superuser=False)
    clerk.groups.add(Group.objects.get(name="support"))
    return clerk


@pytest.fixture
def desk(support: User) -> Client:
    return entered(Client(), support)


@pytest.fixture
def booking(world: World) -> Booking:
    return steps.reload(world.booking().booking_id)


def address(booking: Booking, action: str) -> str:
    return f"/admin/bookings/booking/{booking.pk}/do/{action}/"


def act(desk: Client, booking: Booking, action: str, **sent: Any) -> Any:
    return desk.post(address(booking, action), {"reason": WHY, **sent})


def lines_of(booking: Booking, operation: str) -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(resource_id=booking.pk, operation=operation, door="office").order_by("id")
    return list(rows.values_list("phase", "code"))


DONE = [("intent", ""), ("outcome", "done")]


class TestLetter:
    def test_it_leaves_once_more(self, desk: Client, booking: Booking) -> None:
        post()
        [first] = mail.outbox
        answer = act(desk, booking, "resend-letter")
        assert answer.status_code == 302
        post()
        [_, again] = mail.outbox
        assert (again.to, again.body) == (first.to, first.body)
        assert again.extra_headers["Message-ID"] != first.extra_headers["Message-ID"]
        assert lines_of(booking, "resend_letter") == DONE

    def test_there_is_none_for_what_no_letter_tells(self, desk: Client, booking: Booking) -> None:
        Booking.objects.filter(pk=booking.pk).update(state=State.UNKNOWN)
        answer = act(desk, booking, "resend-letter")
        assert answer.status_code == 409
        assert "No letter was sent: no letter tells of a booking that is unknown." in answer.content.decode()
        assert lines_of(booking, "resend_letter") == [("intent", ""), ("outcome", "refused")]


class TestLookUp:
    def test_the_provider_is_asked(self, desk: Client, booking: Booking) -> None:
        before = ProviderCall.objects.count()
        answer = act(desk, booking, "look-up")
        assert answer.status_code == 302
        line = ProviderCall.objects.latest("id")
        assert (ProviderCall.objects.count(), line.operation) == (before + 1, "get_order")
        assert lines_of(booking, "look_up_booking") == DONE

    def test_an_unknown_booking_is_resolved(self, desk: Client, booking: Booking) -> None:
        Booking.objects.filter(pk=booking.pk).update(state=State.UNKNOWN, order_id="", lease_until=None)
        act(desk, booking, "look-up")
        assert steps.reload(booking.pk).state == State.TICKETED

    def test_nobody_is_asked_about_what_is_over(self, desk: Client, booking: Booking) -> None:
        Booking.objects.filter(pk=booking.pk).update(state=State.CANCELLED)
        assert act(desk, booking, "look-up").status_code == 409

    def test_a_worker_that_is_at_it_goes_first(self, desk: Client, booking: Booking) -> None:
        Booking.objects.filter(pk=booking.pk).update(lease_until=time.now() + steps.LEASE)
        before = ProviderCall.objects.count()
        answer = act(desk, booking, "look-up")
        assert (answer.status_code, ProviderCall.objects.count()) == (409, before)


class TestReview:
    def test_an_unknown_booking_goes_to_a_person(self, desk: Client, support: User, booking: Booking) -> None:
        Booking.objects.filter(pk=booking.pk).update(state=State.UNKNOWN, lease_until=None)
        act(desk, booking, "review")
        assert steps.reload(booking.pk).state == State.MANUAL_REVIEW
        step = booking.transitions.latest("id")
        assert (step.who, step.via, step.user_id) == ("staff", "admin", support.pk)
        assert WHY not in step.reason
        line = AuditEvent.objects.filter(operation="send_to_review").latest("id")
        assert line.arguments == {"reason": WHY}

    def test_a_cancellation_that_nobody_answers_for_goes_with_its_booking(self, desk: Client, booking: Booking) -> None:
        asked = Amendment.objects.create(
            id=new_id(), booking=booking, kind=Amendment.Kind.CANCEL, subject_id=new_id(), returns_to=State.TICKETED,
            who="traveler", created_at=time.now(), sent_at=time.now(),
        )  # fmt: skip
        steps.settle(booking, State.CANCELLING, now=time.now(), reason="a test", is_amended=True)
        act(desk, booking, "review")
        asked.refresh_from_db()
        assert (steps.reload(booking.pk).state, asked.state) == (State.MANUAL_REVIEW, Amendment.State.REVIEW)

    def test_a_ticketed_booking_stays(self, desk: Client, booking: Booking) -> None:
        assert act(desk, booking, "review").status_code == 409
        assert steps.reload(booking.pk).state == State.TICKETED


class TestCancel:
    def quoted(self, desk: Client, booking: Booking) -> CancellationQuote:
        page = act(desk, booking, "cancel").content.decode()
        quote = CancellationQuote.objects.get(booking=booking)
        assert f'name="quote" value="{quote.pk}"' in page
        assert f"{quote.refund.amount} {quote.currency}" in page
        assert f"{quote.penalty.amount} {quote.currency}" in page
        return quote

    def test_the_terms_are_shown_first_and_nothing_is_cancelled(self, desk: Client, booking: Booking) -> None:
        self.quoted(desk, booking)
        assert steps.reload(booking.pk).state == State.TICKETED
        assert lines_of(booking, "cancel_booking") == []

    def test_it_is_cancelled_on_these_terms(self, desk: Client, support: User, booking: Booking) -> None:
        quote = self.quoted(desk, booking)
        assert act(desk, booking, "cancel", quote=str(quote.pk)).status_code == 302
        after = steps.reload(booking.pk)
        assert (after.state, after.refund_minor) == (State.CANCELLED, quote.refund_minor)
        asked = Amendment.objects.get(booking=booking)
        assert (asked.who, asked.via, asked.user_id) == ("staff", "admin", support.pk)
        assert lines_of(booking, "cancel_booking") == DONE

    def test_pressed_twice_it_is_cancelled_once(self, desk: Client, booking: Booking) -> None:
        quote = self.quoted(desk, booking)
        assert act(desk, booking, "cancel", quote=str(quote.pk)).status_code == 302
        assert act(desk, booking, "cancel", quote=str(quote.pk)).status_code == 409
        assert Amendment.objects.filter(booking=booking).count() == 1
        assert ProviderCall.objects.filter(booking=booking, operation="confirm_cancellation").count() == 1

    def test_another_bookings_quote_is_none(self, desk: Client, world: World, booking: Booking) -> None:
        other = world.quote()
        assert act(desk, booking, "cancel", quote=str(other.quote_id)).status_code == 409
        assert steps.reload(booking.pk).state == State.TICKETED
        assert steps.reload(other.booking_id).state == State.TICKETED

    def test_a_quote_that_has_expired_cancels_nothing(
        self, clock: StoppedClock, support: User, booking: Booking
    ) -> None:
        quote = services.quote(booking.pk, by=support.pk, reason=WHY)
        clock.forward(minutes=31)
        with pytest.raises(services.NotNow, match="expired"):
            services.cancel(booking.pk, quote_id=quote.quote_id, by=support.pk, reason=WHY)
        assert steps.reload(booking.pk).state == State.TICKETED


@pytest.mark.parametrize("action", ACTIONS)
class TestAttacks:
    def state(self, booking: Booking) -> tuple[Any, ...]:
        after = steps.reload(booking.pk)
        counts = (Outbox.objects.count(), ProviderCall.objects.count(), CancellationQuote.objects.count())
        return after.state, after.fence, after.sequence, *counts

    @pytest.mark.parametrize("role", ["finance", "partnerships", "security"])
    def test_who_may_not_sees_no_button_and_is_refused(self, booking: Booking, action: str, role: str) -> None:
        clerk = clerk_with_app(f"{role}@movmo.example", is_superuser=False)
        clerk.groups.add(Group.objects.get(name=role))
        theirs, before = entered(Client(), clerk), self.state(booking)
        page = theirs.get(f"/admin/bookings/booking/{booking.pk}/change/")
        assert address(booking, action) not in page.content.decode()
        assert theirs.get(address(booking, action)).status_code == 403
        assert act(theirs, booking, action, quote=str(new_id())).status_code == 403
        assert self.state(booking) == before

    def test_a_stranger_and_a_traveler_come_to_the_door(self, booking: Booking, ana: User, action: str) -> None:
        before = self.state(booking)
        traveler = Client()
        traveler.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
        for client in (Client(), traveler):
            assert act(client, booking, action).status_code == 302
        assert self.state(booking) == before

    def test_a_page_of_another_site_does_nothing(self, support: User, booking: Booking, action: str) -> None:
        before = self.state(booking)
        strict = entered(Client(enforce_csrf_checks=True), support)
        assert act(strict, booking, action).status_code == 403
        assert self.state(booking) == before

    @pytest.mark.parametrize("reason", ["", "    ", "why", "x" * 201])
    def test_without_a_reason_nothing_is_done(self, desk: Client, booking: Booking, action: str, reason: str) -> None:
        before = self.state(booking)
        answer = desk.post(address(booking, action), {"reason": reason, "quote": str(new_id())})
        assert answer.status_code == 422
        assert "Say why" in answer.content.decode()
        assert self.state(booking) == before

    def test_looking_at_its_page_does_nothing(self, desk: Client, booking: Booking, action: str) -> None:
        before = self.state(booking)
        assert desk.get(address(booking, action)).status_code == 200
        assert self.state(booking) == before


def test_the_buttons_are_those_that_fit(desk: Client, booking: Booking) -> None:
    page = desk.get(f"/admin/bookings/booking/{booking.pk}/change/").content.decode()
    shown = {action for action in ACTIONS if address(booking, action) in page}
    assert shown == {"resend-letter", "look-up", "cancel"}


def test_there_is_no_such_action(desk: Client, booking: Booking) -> None:
    assert desk.get(address(booking, "refund-everything")).status_code == 404
    assert desk.get(f"/admin/bookings/booking/{new_id()}/do/cancel/").status_code == 404
