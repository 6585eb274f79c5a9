"""The form of the page that allows an agent more in advance: what it offers, takes and refuses."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from movmo.accounts.models import User
from movmo.kit.money import Money
from movmo.operations.approval.models import Approval, Mandate
from movmo.sandbox_vault.app import SandboxVault
from partners.oauth.models import Application
from tests.conftest import StoppedClock
from tests.contract.world import World
from tests.partners.asking import Asking, allowance, at_the_page, page_of, people_of, press
from tests.partners.test_approval_pages import said, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def asking(world: World, ana: User, scout: Application, clock: StoppedClock, the_vault: SandboxVault) -> Asking:
    return Asking(world, ana, scout)


@pytest.fixture
def person(ana: User, clock: StoppedClock) -> Client:
    return at_the_page(ana.email)


class TestAllowing:
    def test_approves_this_and_covers_the_next(self, asking: Asking, person: Client) -> None:
        approval = asking.asks()
        press(person, approval, "allow", **allowance(approval))
        assert state(approval) == "approved"
        mandate = Mandate.objects.get()
        assert (mandate.currency, mandate.per_booking_minor, mandate.per_month_minor) == ("EUR", 200_000, 400_000)
        assert mandate.passenger_ids == people_of(approval)
        assert mandate.valid_until == datetime(2027, 4, 1, tzinfo=UTC)
        assert mandate.granted_with == "code"

    @pytest.mark.parametrize(
        ("field", "typed", "words"),
        [
            ("per_booking", "", "Write an amount."),
            ("per_booking", "0", "above nothing"),
            ("per_booking", "-5", "above nothing"),
            ("per_booking", "a lot", "Write an amount in EUR, such as 500.00"),
            ("per_booking", "100 USD", "Write an amount in EUR"),
            ("per_booking", "1e3", "Write an amount in EUR"),
            ("per_booking", "10.005", "Write an amount in EUR"),
            ("per_booking", "9" * 17, "Write an amount in EUR"),
            ("per_booking", "9" * 99, "at most 20 characters"),
            ("per_booking", "NaN", "Write an amount in EUR"),
            ("per_booking", "٥٠٠", "Write an amount in EUR"),
            ("per_booking", "5000", "cannot hold less than one booking"),
            ("per_month", "100", "cannot hold less than one booking"),
            ("until", "", "Choose a day."),
            ("until", "soon", "Write a day such as"),
            ("until", "2027-02-28", "This day is over"),
            ("until", "2028-03-01", "At most a year ahead: until 29 February 2028"),
            ("until", "9999-12-31", "At most a year ahead"),
            ("people", [], "Tick at least one person."),
            ("people", ["01920000-0000-7000-8000-000000000001"], "Tick people of this list only."),
            ("people", ["nobody"], "Tick people of this list only."),
            ("people", ["\x00"], "Tick people of this list only."),
        ],
    )
    def test_what_is_mistyped_is_said_and_nothing_is_decided(
        self, asking: Asking, person: Client, field: str, typed: Any, words: str
    ) -> None:
        approval = asking.asks()
        answer = press(person, approval, "allow", **allowance(approval, **{field: typed}))
        assert answer.status_code == 422
        assert words in said(answer)
        assert (state(approval), Mandate.objects.count()) == ("pending", 0)

    def test_somebody_elses_passenger_is_not_allowed(self, asking: Asking, person: Client, bo: User) -> None:
        approval = asking.asks()
        other = asking.world.passenger()
        for people in ([str(other.passenger_id)], [*people_of(approval), str(other.passenger_id)]):
            assert press(person, approval, "allow", **allowance(approval, people=people)).status_code == 422

    def test_the_last_day_there_is_and_today(self, asking: Asking, person: Client) -> None:
        for day in ("2027-03-01", "2028-02-29"):
            approval = asking.asks()
            press(person, approval, "allow", **allowance(approval, until=day))
            assert state(approval) == "approved"

    def test_a_currency_of_ones_own_is_not_asked_for(self, asking: Asking, person: Client) -> None:
        approval = asking.asks()
        press(person, approval, "allow", **allowance(approval, currency="USD"))
        assert Mandate.objects.get().currency == "EUR"

    def test_the_form_begins_a_little_above_the_price(self, asking: Asking, person: Client) -> None:
        approval = asking.asks()
        form = person.get(page_of(approval)).context["form"]
        minor = person.get(page_of(approval)).context["question"].proposal.price.minor
        once, month = (int(float(form.initial[name]) * 100) for name in ("per_booking", "per_month"))
        assert minor <= once < minor * 1.1 + 1
        assert month == 2 * once

    def test_what_it_would_replace_stands_above_the_form(self, asking: Asking, person: Client) -> None:
        first = asking.asks()
        assert "It may already spend" not in said(person.get(page_of(first)))
        press(person, first, "allow", **allowance(first))
        asking.books(people_of(first))
        used = Approval.objects.get(state="used")
        spent = Money(used.amount_minor, used.currency)
        assert spent.minor > 0
        words = f"It may already spend 4000.00 EUR a month; {spent} of it are used. What you write here replaces that."
        assert words in said(person.get(page_of(asking.asks())))

    def test_who_was_allowed_before_stays_on_the_list(self, asking: Asking, person: Client) -> None:
        first = asking.asks()
        press(person, first, "allow", **allowance(first, per_booking="0.01"))
        second = asking.asks()
        page = person.get(page_of(second))
        offered = [value for value, _ in page.context["form"].fields["people"].choices]
        assert offered == [*people_of(first), *people_of(second)]
        press(person, second, "allow", **allowance(second, people=offered))
        assert Mandate.objects.get(revoked_at=None).passenger_ids == sorted(offered)
