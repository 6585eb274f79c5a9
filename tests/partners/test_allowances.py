"""What a person allows an agent in advance: shown with its use on connected apps, and over the moment they say so."""

from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from movmo.accounts.models import User
from movmo.kit import clock as real_clock
from movmo.kit.money import Money
from movmo.operations.approval import deciding
from movmo.operations.approval.deciding import ApprovalDecided
from movmo.operations.approval.mandates import Limits
from movmo.operations.approval.models import Approval, Mandate
from movmo.operations.approval.proposal import Proposal
from movmo.operations.approval.refusals import ApprovalRequired
from movmo.sandbox_vault.app import SandboxVault
from partners.oauth import connections
from partners.oauth.models import Application
from tests import factories
from tests.conftest import StoppedClock
from tests.contract.world import World
from tests.operations.together import together
from tests.partners.asking import APPS, Asking, allowance, at_the_page, page_of, press
from tests.partners.test_approval_pages import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def asking(world: World, ana: User, scout: Application, clock: StoppedClock, the_vault: SandboxVault) -> Asking:
    return Asking(world, ana, scout)


@pytest.fixture
def person(ana: User, clock: StoppedClock) -> Client:
    return at_the_page(ana.email)


@pytest.fixture
def allowed(asking: Asking, person: Client) -> Mandate:
    """Up to 2000.00 EUR a booking for one passenger, of which nothing is used."""
    approval = asking.asks()
    assert press(person, approval, "allow", **allowance(approval)).status_code == 302
    asking.again()
    return Mandate.objects.get()


def books_again(asking: Asking, allowed: Mandate) -> Approval:
    """scout books for the same person, without asking."""
    assert asking.books(allowed.passenger_ids).status == 201
    return Approval.objects.exclude(mandate=None).order_by("-id")[0]


def revoke(client: Client, mandate: Mandate) -> None:
    answer = client.post(reverse("approvals:revoke", args=[mandate.pk]))
    assert answer["Location"] == APPS


class TestConnectedApps:
    def test_shows_the_limits_the_use_the_people_and_the_end(
        self, asking: Asking, person: Client, allowed: Mandate
    ) -> None:
        used = Proposal.model_validate_json(books_again(asking, allowed).proposal)
        assert used.price is not None
        page = person.get(APPS)
        (app,) = page.context["apps"]
        (shown,) = app.allowances
        assert shown.spent == used.price.money
        assert shown.people == [used.people[0].name]
        text = said(page)
        assert "For one booking up to 2000.00 EUR" in text
        assert f"This month {used.price.money.amount} of 4000.00 EUR" in text
        assert "Until the end of 31 March 2027" in text
        assert f'<meter min="0" max="400000" value="{used.price.minor}"' in page.content.decode()

    def test_a_name_that_is_not_found_any_more_is_said_to_be_so(
        self, asking: Asking, person: Client, allowed: Mandate
    ) -> None:
        Approval.objects.all().delete()
        assert "name is not kept any more" in said(person.get(APPS))

    def test_what_is_over_is_not_shown(self, person: Client, allowed: Mandate, clock: StoppedClock) -> None:
        clock.forward(days=30)
        assert "31 March 2027" in said(person.get(APPS))
        clock.forward(days=1)
        assert "without asking you" not in said(person.get(APPS))

    def test_what_another_client_may_do_is_not_this_ones(self, person: Client, allowed: Mandate, ana: User) -> None:
        other = factories.application("ranger")
        connections.connect(user=ana, application=other, scopes=["flights:read"])
        apps = {app.name: len(app.allowances) for app in person.get(APPS).context["apps"]}
        assert apps == {"Scout": 1, "Ranger": 0}

    def test_it_is_said_who_asks_each_time_and_who_does_not(
        self, asking: Asking, person: Client, scout: Application
    ) -> None:
        words = "Book flights for you, which spends money: "
        assert f"{words}asks you each time Connected" in said(person.get(APPS))
        factories.mandate(asking.ana, scout)
        assert f"{words}asks you each time, but for what you allow below" in said(person.get(APPS))
        Application.objects.filter(pk=scout.pk).update(partner=factories.partner())
        assert f"{words}does it at once" in said(person.get(APPS))

    def test_each_page_of_a_used_one_says_why_nobody_was_asked(
        self, asking: Asking, person: Client, allowed: Mandate
    ) -> None:
        assert "You had allowed Scout to do this without asking" in said(
            person.get(page_of(books_again(asking, allowed)))
        )


class TestRevoking:
    def test_ends_it_at_once(self, asking: Asking, person: Client, allowed: Mandate) -> None:
        revoke(person, allowed)
        assert "without asking you" not in said(person.get(APPS))
        with pytest.raises(ApprovalRequired):
            asking.books(allowed.passenger_ids)

    def test_twice_is_once(self, person: Client, allowed: Mandate, clock: StoppedClock) -> None:
        revoke(person, allowed)
        clock.forward(minutes=1)
        revoke(person, allowed)
        assert "nothing to revoke" in said(person.get(APPS))
        allowed.refresh_from_db()
        assert allowed.revoked_at is not None
        assert allowed.revoked_at < clock.now

    def test_somebody_elses_stays(self, asking: Asking, allowed: Mandate, bo: User) -> None:
        revoke(at_the_page(bo.email), allowed)
        books_again(asking, allowed)

    def test_is_a_form_of_this_site(self, person: Client, allowed: Mandate) -> None:
        address = reverse("approvals:revoke", args=[allowed.pk])
        assert person.get(address).status_code == 405
        person.handler.enforce_csrf_checks = True
        assert person.post(address).status_code == 403
        assert Client().post(address)["Location"].startswith("/accounts/login/")
        allowed.refresh_from_db()
        assert allowed.revoked_at is None


class TestDisconnecting:
    def test_takes_the_questions_back_and_ends_what_was_allowed(
        self, asking: Asking, person: Client, allowed: Mandate, ana: User, scout: Application
    ) -> None:
        waiting, approved = asking.asks(), asking.asks()
        press(person, approved, "approve")
        connections.disconnect(user=ana, application=scout)
        for one in (waiting, approved):
            one.refresh_from_db()
            assert one.state == "withdrawn"
        allowed.refresh_from_db()
        assert allowed.revoked_at is not None

    def test_whoever_is_let_in_again_begins_anew(
        self, asking: Asking, allowed: Mandate, ana: User, scout: Application
    ) -> None:
        connections.disconnect(user=ana, application=scout)
        asking.lets_in()
        with pytest.raises(ApprovalRequired):
            asking.books(allowed.passenger_ids)

    def test_what_outlived_the_goodbye_does_not_come_back_with_the_welcome(
        self, asking: Asking, ana: User, scout: Application
    ) -> None:
        connections.disconnect(user=ana, application=scout)
        late = factories.mandate(ana, scout)
        asking.lets_in()
        late.refresh_from_db()
        assert late.revoked_at is not None

    def test_of_others_nothing_ends(self, asking: Asking, ana: User, bo: User, scout: Application) -> None:
        of_bo, of_ranger = factories.mandate(bo, scout), factories.mandate(ana, factories.application("ranger"))
        connections.disconnect(user=ana, application=scout)
        for one in (of_bo, of_ranger):
            one.refresh_from_db()
            assert one.revoked_at is None

    @pytest.mark.django_db(transaction=True)
    def test_at_the_moment_of_a_yes_nothing_is_left_of_it(self, asking: Asking, ana: User, scout: Application) -> None:
        for _ in range(5):
            approval, at = asking.asks(), real_clock.now()
            people = frozenset(one.passenger_id for one in Proposal.model_validate_json(approval.proposal).people)
            limits = Limits(Money(1, "EUR"), Money(1, "EUR"), people, at.replace(year=2028))
            yes = partial(deciding.approve, approval.pk, user_id=ana.pk, proof="code", now=at, allowance=limits)
            answers = together(yes, partial(connections.disconnect, user=ana, application=scout))
            assert {type(one) for one in answers} <= {Approval, ApprovalDecided, bool}
            approval.refresh_from_db()
            assert approval.state == "withdrawn"
            assert not Mandate.objects.filter(revoked_at=None).exists()
            asking.lets_in()


def test_a_client_that_staff_disables_keeps_nothing_that_it_can_use(
    asking: Asking, person: Client, allowed: Mandate, scout: Application
) -> None:
    """Its tokens are refused at the door, see the tests of authentication; the page says that it is off."""
    Application.objects.filter(pk=scout.pk).update(disabled_at=real_clock.now())
    page = said(person.get(APPS))
    assert "Switched off by Movmo" in page
    assert "May spend without asking you" in page


class TestWhoItIsFor:
    @pytest.mark.parametrize(
        "changes", [{"given_name": "Bo"}, {"family_name": "Boson"}, {"birth_date": "1990-01-01"}], ids=str
    )
    def test_a_passenger_who_becomes_somebody_else_is_covered_no_longer(
        self, asking: Asking, allowed: Mandate, changes: dict[str, str]
    ) -> None:
        asking.renames(allowed.passenger_ids[0], **changes)
        allowed.refresh_from_db()
        assert allowed.revoked_at is not None
        with pytest.raises(ApprovalRequired):
            asking.books(allowed.passenger_ids)

    def test_one_who_stays_who_they_are_is(self, asking: Asking, allowed: Mandate) -> None:
        asking.renames(allowed.passenger_ids[0], nationality="NL", email="ana@example.org")
        books_again(asking, allowed)

    def test_nor_does_it_touch_what_is_allowed_for_others(self, asking: Asking, allowed: Mandate) -> None:
        asking.renames(str(asking.world.passenger().passenger_id), given_name="Bo")
        books_again(asking, allowed)

    def test_to_delete_one_of_them_is_asked_all_the_same(self, asking: Asking, allowed: Mandate) -> None:
        asked = asking.asks_for("delete_passenger_profile", passenger_id=allowed.passenger_ids[0])
        assert Proposal.model_validate_json(asked.proposal).people
        assert (asked.state, asked.mandate) == ("pending", None)
