"""The page on which a person decides: theirs alone, with a fresh proof, once, and never by looking at it."""

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils.http import urlencode

from movmo.accounts.models import User
from movmo.kit.ids import new_id
from movmo.operations.approval.models import Approval, Mandate
from movmo.operations.approval.refusals import ApprovalDeclined
from movmo.sandbox_vault.app import SandboxVault
from partners.oauth import connections
from partners.oauth.models import Application
from tests import factories
from tests.accounts.person import code
from tests.accounts.test_passkeys import grown_old
from tests.conftest import StoppedClock
from tests.contract.arguments import arguments_for
from tests.contract.world import World, booking_of
from tests.operations.together import wait_for_locks, while_another_holds
from tests.partners.asking import Asking, allowance, at_the_page, page_of, press

pytestmark = pytest.mark.django_db
LIST = "/approvals/"


@pytest.fixture
def asking(world: World, ana: User, scout: Application, clock: StoppedClock, the_vault: SandboxVault) -> Asking:
    return Asking(world, ana, scout)


@pytest.fixture
def person(ana: User, clock: StoppedClock) -> Client:
    """ana's browser, signed in a moment ago."""
    return at_the_page(ana.email)


def said(page: Any) -> str:
    """Its text, as it is read."""
    main = page.content.decode().partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def press_when_old(client: Client, approval: Approval) -> str:
    """Where an approval leads whose session has no proof any more."""
    grown_old(client)
    return str(press(client, approval, "approve")["Location"])


def state(approval: Approval) -> str:
    approval.refresh_from_db()
    return approval.state


class TestWhatIsShown:
    def test_the_trip_the_people_the_price_the_card_and_who_asks(self, asking: Asking, person: Client) -> None:
        card = asking.world.card()
        approval = asking.asks("ADT", "CHD", payment_method_id=str(card.payment_method_id))
        shown = person.get(page_of(approval))
        text = said(shown)
        proposal = shown.context["question"].proposal
        assert f"{proposal.title}?" in text
        assert f"{proposal.price.money} charged to Visa ending in {card.last4}" in text
        assert [one.name in text for one in proposal.people] == [True, True]
        for part in proposal.journeys:
            for segment in part["segments"]:
                assert segment["flight"] in text
                assert segment["departing"]["zone"] in text
        assert "Asked by Scout" in text
        assert "Until 12:10 UTC 10 minutes left" in text
        assert "Refundable" in text

    def test_without_a_card_it_says_who_pays(self, asking: Asking, person: Client) -> None:
        words = "Paid by the account that Movmo has with the airline"
        assert words in said(person.get(page_of(asking.asks())))
        card = str(asking.world.card().payment_method_id)
        assert words not in said(person.get(page_of(asking.asks(payment_method_id=card))))
        held = booking_of(asking.world.mapped_offer(holdable=True), mode="hold")
        assert words not in said(person.get(page_of(asking.asks_for("create_booking", **held))))

    @pytest.mark.parametrize("operation", ["delete_passenger_profile", "delete_identity_document"])
    def test_who_is_deleted_is_told_by_name_and_birth(self, asking: Asking, person: Client, operation: str) -> None:
        saved = asking.world.passenger()
        asked = {"passenger_id": str(saved.passenger_id)}
        if operation == "delete_identity_document":
            asked["document_id"] = str(asking.world.document(**asked).document_id)
        text = said(person.get(page_of(asking.asks_for(operation, **asked))))
        assert f"{saved.name_as_ticketed} born {saved.birth_date:%-d %B %Y}" in text

    def test_what_goes_with_a_passenger_and_what_stays(self, asking: Asking, person: Client) -> None:
        one = str(asking.world.passenger().passenger_id)
        text = said(person.get(page_of(asking.asks_for("delete_passenger_profile", passenger_id=one))))
        assert "What follows What stays Bookings that this person is in. What goes The saved documents, too." in text

    @pytest.mark.parametrize("operation", ["cancel_booking", "accept_schedule_change"])
    def test_what_books_nothing_has_no_conditions(self, asking: Asking, person: Client, operation: str) -> None:
        asked = asking.asks_for(operation, **arguments_for(operation, asking.world))
        text = said(person.get(page_of(asked)))
        assert "What follows Record locator" in text
        assert "Conditions" not in text

    def test_a_name_of_markup_or_many_lines_stays_a_name(self, asking: Asking, person: Client) -> None:
        asking.scout.name = "Movmo</h1><script>approve()</script>\n\n\u202eApprove this now"
        asking.scout.save()
        approval = asking.asks()
        page = person.get(page_of(approval)).content.decode()
        assert "<script>approve" not in page
        assert "\u202e" not in page
        assert "Asked by <strong><bdi>Movmo&lt;/h1&gt;" in page

    def test_whoever_registered_itself_is_not_verified(self, asking: Asking, person: Client) -> None:
        approval = asking.asks()
        Application.objects.update(registration_source="dcr")
        assert "Not verified by Movmo" in said(person.get(page_of(approval)))

    def test_nothing_that_costs_nothing_offers_to_stop_asking(self, asking: Asking, person: Client) -> None:
        passenger = asking.world.passenger()
        approval = asking.asks_for("delete_passenger_profile", passenger_id=str(passenger.passenger_id))
        shown = person.get(page_of(approval))
        assert shown.context["form"] is None
        assert "stop asking" not in said(shown)
        press(person, approval, "allow", **allowance(approval, people=[str(passenger.passenger_id)]))
        assert state(approval) == "pending"

    def test_the_page_is_neither_framed_nor_kept_and_its_forms_stay_here(self, asking: Asking, person: Client) -> None:
        approval = asking.asks()
        for answer in (person.get(page_of(approval)), person.get(LIST), press(person, approval, "allow")):
            policy = answer["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy
            assert "form-action 'self'" in policy
            assert "default-src 'none'" in policy
            assert answer["X-Frame-Options"] == "DENY"
            assert "no-store" in answer["Cache-Control"]
            assert answer["Referrer-Policy"] == "same-origin"


class TestWhoDecides:
    def test_approving_lets_the_call_through_once(self, asking: Asking, person: Client) -> None:
        approval = asking.asks()
        assert press(person, approval, "approve")["Location"] == page_of(approval)
        assert "You can go back to Scout now" in said(person.get(page_of(approval)))
        approval.refresh_from_db()
        assert (approval.state, approval.decided_with) == ("approved", "code")
        assert asking.again().status == 201
        assert state(approval) == "used"
        assert "Approved, and done" in said(person.get(page_of(approval)))

    def test_declining_ends_it(self, asking: Asking, person: Client) -> None:
        approval = asking.asks()
        press(person, approval, "decline")
        assert "it is told that you said no" in said(person.get(page_of(approval)))
        with pytest.raises(ApprovalDeclined):
            asking.again()

    @pytest.mark.parametrize("action", ["approve", "decline", "allow"])
    def test_what_somebody_else_is_asked_is_not_there(self, asking: Asking, bo: User, action: str) -> None:
        approval, stranger = asking.asks(), at_the_page(bo.email)
        assert stranger.get(page_of(approval)).status_code == 404
        assert press(stranger, approval, action).status_code == 404
        assert state(approval) == "pending"
        assert "Nothing waits for you" in said(stranger.get(LIST))

    def test_it_looks_like_one_that_never_was(self, asking: Asking, bo: User) -> None:
        approval, stranger = asking.asks(), at_the_page(bo.email)
        others, unknown = (said(stranger.get(f"{LIST}{one}")) for one in (approval.pk, new_id()))
        assert others == unknown
        assert f"or it belongs to another account. You are signed in as {bo.email} ." in others

    @pytest.mark.parametrize("path", ["", "?action=approve", "?action=decline", "/approve"])
    def test_looking_decides_nothing(self, asking: Asking, person: Client, path: str) -> None:
        approval = asking.asks()
        person.get(page_of(approval) + path)
        person.get(LIST)
        assert state(approval) == "pending"

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_there_are_no_other_ways(self, asking: Asking, person: Client, method: str) -> None:
        assert getattr(person, method)(page_of(asking.asks())).status_code == 405

    def test_a_form_of_another_site_decides_nothing(self, asking: Asking, person: Client) -> None:
        approval = asking.asks()
        person.handler.enforce_csrf_checks = True
        assert press(person, approval, "approve").status_code == 403
        assert state(approval) == "pending"

    def test_whoever_is_not_signed_in_signs_in_and_comes_back(self, asking: Asking) -> None:
        approval, nobody = asking.asks(), Client()
        for answer in (nobody.get(page_of(approval)), press(nobody, approval, "approve")):
            assert answer["Location"] == f"/accounts/login/?next={page_of(approval)}"
        assert state(approval) == "pending"

    def test_an_agents_token_is_nobody_here(self, asking: Asking) -> None:
        approval = asking.asks()
        token = {"Authorization": f"Bearer {factories.token(asking.ana, ['bookings:write'], asking.scout)}"}
        for answer in (Client(headers=token).get(page_of(approval)), press(Client(headers=token), approval, "approve")):
            assert answer.status_code == 302
            assert answer["Location"].startswith("/accounts/login/")
        assert state(approval) == "pending"


class TestProof:
    @pytest.mark.parametrize("action", ["approve", "allow"])
    def test_an_old_session_shows_first_whose_it_is(self, asking: Asking, person: Client, action: str) -> None:
        approval = asking.asks()
        typed = allowance(approval)
        grown_old(person)
        page = person.get(page_of(approval))
        onward = f"/accounts/confirm/?{urlencode({'next': page_of(approval)})}"
        assert page.context["confirm_url"] == onward
        assert b'value="approve"' not in page.content
        assert press(person, approval, action, **typed)["Location"] == onward
        assert state(approval) == "pending"
        assert not Mandate.objects.exists()

    def test_the_page_that_asks_for_it_says_what_for(self, asking: Asking, person: Client) -> None:
        onward = press_when_old(person, asking.asks())
        assert "Before you decide, we send a code" in said(person.get(onward))
        assert "Before you go on, we send a code" in said(person.get("/accounts/confirm/?next=/accounts/passkeys/"))

    def test_saying_no_needs_none(self, asking: Asking, person: Client) -> None:
        approval = asking.asks()
        grown_old(person)
        press(person, approval, "decline")
        approval.refresh_from_db()
        assert (approval.state, approval.decided_with) == ("declined", "")

    def test_who_copied_the_session_before_has_no_share_in_it(self, asking: Asking, person: Client) -> None:
        approval = asking.asks()
        grown_old(person)
        thief = Client()
        thief.cookies["sessionid"] = person.cookies["sessionid"].value
        confirm = press(person, approval, "approve")["Location"]
        person.post(confirm, {"action": "send"})
        assert person.post(confirm, {"code": code()})["Location"] == page_of(approval)
        assert press(thief, approval, "approve")["Location"].startswith("/accounts/login/")
        assert state(approval) == "pending"
        press(person, approval, "approve")
        assert state(approval) == "approved"

    def test_staffs_password_is_none(self, asking: Asking, person: Client) -> None:
        approval = asking.asks()
        session = person.session
        for record in session["account_authentication_methods"]:
            record |= {"method": "password"}
        session.save()
        assert press(person, approval, "approve")["Location"].startswith("/accounts/confirm/")
        assert state(approval) == "pending"


class TestTooLate:
    def test_a_question_is_over_after_ten_minutes(self, asking: Asking, person: Client, clock: StoppedClock) -> None:
        approval = asking.asks()
        clock.forward(minutes=10)
        assert "Its time is over" in said(person.get(page_of(approval)))
        answered = person.post(page_of(approval), {"action": "approve"}, follow=True)
        assert "was over, before you pressed the button" in said(answered)
        assert state(approval) == "pending", "the row is let be: whoever looks is told that it is over"

    def test_a_button_pressed_twice_does_one_thing_and_complains_of_nothing(
        self, asking: Asking, person: Client
    ) -> None:
        approval = asking.asks()
        press(person, approval, "approve")
        again = person.post(page_of(approval), {"action": "approve"}, follow=True)
        assert "Nothing was changed" not in said(again)
        assert "You can go back to Scout now" in said(again)

    @pytest.mark.parametrize(("first", "then"), [("approve", "decline"), ("decline", "approve")])
    def test_of_two_tabs_the_first_decides(self, asking: Asking, person: Client, first: str, then: str) -> None:
        approval = asking.asks()
        press(person, approval, first)
        decided = state(approval)
        answer = person.post(page_of(approval), {"action": then}, follow=True)
        assert "Nothing was changed" in said(answer)
        assert state(approval) == decided

    def test_what_was_approved_and_not_used_in_time(self, asking: Asking, person: Client, clock: StoppedClock) -> None:
        approval = asking.asks()
        press(person, approval, "approve")
        clock.forward(minutes=10)
        assert "did not go on in time" in said(person.get(page_of(approval)))

    def test_what_was_taken_back(self, asking: Asking, person: Client) -> None:
        approval = asking.asks()
        connections.disconnect(user=asking.ana, application=asking.scout)
        assert "The question was taken back" in said(person.get(page_of(approval)))

    @pytest.mark.parametrize("how", ["disabled", "disconnected", "gone"])
    def test_an_application_that_is_out_gets_no_yes(self, asking: Asking, person: Client, how: str) -> None:
        approval = asking.asks()
        if how == "disabled":
            Application.objects.update(disabled_at=approval.requested_at)
        elif how == "disconnected":
            asking.ana.connections.update(disconnected_at=approval.requested_at)
        else:
            asking.ana.connections.all().delete()
            asking.scout.delete()
        page = person.get(page_of(approval))
        assert "may not act for you any more" in said(page)
        assert b'value="approve"' not in page.content
        refused = press(person, approval, "approve")
        assert refused.status_code == 409
        assert "Nothing was decided" in said(refused)
        assert state(approval) == "pending"
        press(person, approval, "decline")
        assert state(approval) == "declined"

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("action", ["approve", "allow", "decline"])
    def test_while_something_else_is_going_on_it_says_so(self, asking: Asking, person: Client, action: str) -> None:
        if connection.vendor == "sqlite":
            pytest.skip("SQLite has one lock for everything, which the session wants before")
        approval = asking.asks()

        def answered() -> Any:
            wait_for_locks(200)
            return press(person, approval, action, **allowance(approval))

        busy = while_another_holds(lambda: Approval.objects.update(sequence=1), answered)
        connection.close()
        assert busy.status_code == 503
        assert "Press the button again" in said(busy)
        assert (state(approval), Mandate.objects.count()) == ("pending", 0)


class TestTheList:
    def test_what_waits_stands_apart_from_what_is_over(
        self, asking: Asking, person: Client, clock: StoppedClock
    ) -> None:
        over = asking.asks()
        clock.forward(minutes=11)
        waiting = asking.asks()
        shown = person.get(LIST)
        assert [one.id for one in shown.context["waiting"]] == [waiting.pk]
        assert [one.id for one in shown.context["over"]] == [over.pk]
        assert "to be answered until 12:21 UTC" in said(shown)
        assert "Not answered in time" in said(shown)

    def test_what_is_over_has_the_time_at_which_it_was(
        self, asking: Asking, person: Client, clock: StoppedClock
    ) -> None:
        """Each is asked at 12:00; the last is taken back, and nobody has written down when."""
        declined, approved, _ = asking.asks(), asking.asks(), asking.asks()
        used = asking.asks()
        clock.forward(minutes=1)
        press(person, declined, "decline")
        press(person, approved, "approve")
        press(person, used, "approve")
        clock.forward(minutes=2)
        asking.again()
        text = said(person.get(LIST))
        assert "Declined, 1 Mar 2027, 12:01 UTC" in text
        assert "Approved, 1 Mar 2027, 12:01 UTC" in text
        assert "Approved, and done, 1 Mar 2027, 12:03 UTC" in text
        clock.forward(minutes=9)
        text = said(person.get(LIST))
        assert "Not answered in time, 1 Mar 2027, 12:10 UTC" in text
        assert "Approved, and not done in time, 1 Mar 2027, 12:11 UTC" in text
        connections.disconnect(user=asking.ana, application=asking.scout)
        assert "Taken back, asked 1 Mar 2027, 12:00 UTC" in said(person.get(LIST))

    def test_it_leads_to_what_is_allowed_where_something_is(
        self, asking: Asking, person: Client, scout: Application
    ) -> None:
        words = "What applications may do without asking"
        assert words not in said(person.get(LIST))
        factories.mandate(asking.ana, scout)
        assert words in said(person.get(LIST))

    def test_every_page_of_the_account_says_how_many_wait(
        self, asking: Asking, person: Client, clock: StoppedClock
    ) -> None:
        asking.asks()
        asking.asks()
        assert '<span class="count">2<span class="unseen"> waiting' in person.get("/accounts/trips/").content.decode()
        assert "2 wait for your answer" in said(person.get("/accounts/"))
        clock.forward(minutes=11)
        assert "unseen" not in person.get("/accounts/trips/").content.decode()
