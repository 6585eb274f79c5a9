"""Finance reconciles: every page of it is looked at, and the way is walked from a file to two people's signatures."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from bookings.reconciliation import services
from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import ColumnMapping, Discrepancy, Rules, Run, Statement
from bookings.reconciliation.pull.models import PulledDay
from bookings.reconciliation.resolution.models import Adjustment, Countersignature
from bookings.reconciliation.states import CaseState, Class
from movmo.accounts.models import User
from movmo.kit import clock
from tests import factories
from tests.admin.finance import clerk
from tests.bookings.reconciliation import books
from tests.browser.conftest import LooksRight, NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.tab import Tab
from tests.office import clerk_with_app, entered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DAY = books.DAY.isoformat()
STATEMENT = b"""kind,ticket_number,currency,gross
sale,0002400000001,EUR,118.70
sale,0002400000002,EUR,12.345
refund,0002400000003,EUR,-40.00
# lines 3
"""


@pytest.fixture
def books_of_february(transactional_db: None) -> Discrepancy:
    """A month in which everything has happened."""
    cache.clear()
    one = books.one_of_each(factories.partner())
    states = list(CaseState)
    for number, category in enumerate([*Class, *list(Class)[3:9], Class.ADM, Class.ADM]):
        books.discrepancy(
            one.statement,
            category=category,
            provider="sandbox" if number % 3 else "duffel",
            at_risk_minor=number * 777_123,
            state=states[number % len(states)],
            created_at=clock.now() - timedelta(days=number * number % 13),
        )
    fay = clerk("finance", "fay@movmo.example")[0]
    books.adjustment(one, difference_minor=None, ours_currency="USD", made_by=fay.pk)
    for ago, state in enumerate([{}, {"lease_until": clock.now() + timedelta(days=1)}, {"done_at": clock.now()}]):
        books.owed_day(books.DAY + timedelta(days=1 + ago), **state)
    return one


def office(tab: Tab, person: User) -> Tab:
    tab.keep_cookie("sessionid", entered(Client(), person).cookies["sessionid"].value)
    return tab


def pages(one: Discrepancy) -> dict[str, str]:
    run, signature = one.first_seen, Countersignature.objects.get()
    lists = ("statement", "run", "discrepancy", "countersignature", "adjustment", "pulledday", "rules",
             "columnmapping", "periodlock")  # fmt: skip
    return {
        **{name: reverse(f"admin:bookings_{name}_changelist") for name in lists},
        "statement-page": reverse("admin:bookings_statement_change", args=[one.statement_id]),
        "run-page": reverse("admin:bookings_run_change", args=[run.pk]),
        "discrepancy-page": reverse("admin:bookings_discrepancy_change", args=[one.pk]),
        "discrepancy-link": reverse("admin:bookings_discrepancy_act", args=[one.pk, "link"]),
        "countersignature-page": reverse("admin:bookings_countersignature_change", args=[signature.pk]),
        "adjustment-page": reverse("admin:bookings_adjustment_change", args=[Adjustment.objects.latest("id").pk]),
        "pulledday-page": reverse("admin:bookings_pulledday_change", args=[PulledDay.objects.earliest("day").pk]),
        "mapping-page": reverse("admin:bookings_columnmapping_change", args=[ColumnMapping.objects.get().pk]),
        "rules-page": reverse("admin:bookings_rules_change", args=[Rules.objects.get().pk]),
        "lock-page": reverse("admin:bookings_periodlock_change", args=[PeriodLock.objects.get().pk]),
        "unlock": reverse("admin:bookings_periodlock_unlock", args=[PeriodLock.objects.get().pk]),
        "upload": reverse("admin:bookings_statement_upload"),
        "pull": reverse("admin:bookings_statement_pull"),
        "rules-new": reverse("admin:bookings_rules_new"),
        "mapping-new": reverse("admin:bookings_columnmapping_new"),
        "lock-new": reverse("admin:bookings_periodlock_new"),
        "dashboard": "/admin/",
    }


@LOOKED_AT_ONCE
def test_every_page_looks_right(tab: Tab, books_of_february: Discrepancy, looks_right: LooksRight) -> None:
    office(tab, clerk_with_app())
    for name, path in pages(books_of_february).items():
        assert tab.open(path) == 200, name
        looks_right(tab, f"office-reconciliation-{name}", reopened=True)


def uploaded(tab: Tab, name: str, content: bytes, **chosen: str) -> None:
    """Through the form, as a clerk fills it in."""
    tab.open(reverse("admin:bookings_statement_upload"))

    def fill(page: Any) -> None:
        page.set_input_files("[name=file]", {"name": name, "mimeType": "text/csv", "buffer": content})
        page.fill("[name=period_start]", DAY)
        page.fill("[name=period_end]", DAY)
        for field, value in chosen.items():
            page.select_option(f"[name={field}]", value)

    tab.do(fill)
    tab.click("button", "Upload")


def worked() -> None:
    """What a worker does, meanwhile."""
    for statement_id in services.due(now=clock.now(), limit=10):
        services.advance(statement_id, clock=clock.now)


def renewed(tab: Tab, link: str) -> None:
    """The page is read again by itself, and there is something to do."""
    tab.sees(f"body:not(:has([data-under-way])) a:text-is('{link}')")


def taken(tab: Tab, step: str, *, reason: str = "") -> None:
    """Press the step's button, then the one of the page that asks."""
    tab.click("link", step)
    if reason:
        tab.do(lambda page: page.fill("[name=reason]", reason))
    tab.click("button", step)


def words(tab: Tab) -> str:
    return tab.do(lambda page: page.inner_text("body"))


@pytest.fixture
def colleague(new_tab: NewTab, transactional_db: None) -> Tab:
    return office(new_tab(), clerk("finance", "finn@movmo.example")[0])


@pytest.fixture
def a_compared_statement(tab: Tab, colleague: Tab, looks_right: LooksRight) -> Statement:
    """Its bad line was seen and left out, by a colleague of whoever uploaded it."""
    office(tab, clerk("finance", "fay@movmo.example")[0])
    uploaded(tab, "february.csv", STATEMENT)
    assert "This page renews itself" in words(tab)
    worked()
    renewed(tab, "Decline")
    assert "A colleague has to look at it and accept it" in words(tab)
    looks_right(tab, "office-reconciliation-own-preview", reopened=True)
    statement = Statement.objects.get()
    colleague.open(reverse("admin:bookings_statement_change", args=[statement.pk]))
    assert "has more than the 2 decimals of EUR" in words(colleague)
    looks_right(colleague, "office-reconciliation-preview", reopened=True)
    taken(colleague, "Accept without its bad lines")
    worked()
    renewed(colleague, "Compare again")
    tab.open(reverse("admin:bookings_statement_change", args=[statement.pk]))
    return statement


def test_from_a_file_to_what_two_people_write_off(
    tab: Tab, colleague: Tab, a_compared_statement: Statement, looks_right: LooksRight
) -> None:
    taken(tab, "Compare again")
    worked()
    renewed(tab, "Compare again")
    run = Run.objects.get(number=2)
    assert (run.new, run.changed, run.same, run.gone) == (0, 0, 2, 0)
    tab.open(reverse("admin:bookings_run_change", args=[run.pk]))
    assert "all together" in words(tab)
    one = Discrepancy.objects.get(at_risk_minor=11_870)
    tab.open(reverse("admin:bookings_discrepancy_change", args=[one.pk]))
    taken(tab, "Write off", reason="nobody knows this ticket")
    assert "A second person signs or declines it." in words(tab)
    looks_right(tab, "office-reconciliation-asked", reopened=True)

    asked = reverse("admin:bookings_countersignature_change", args=[Countersignature.objects.get().pk])
    tab.open(asked)
    assert "Nothing that you may do." in words(tab)
    colleague.open(asked)
    taken(colleague, "Sign", reason="so be it, it is old")
    assert "fay@movmo.example" in words(colleague)
    one.refresh_from_db()
    assert one.state == CaseState.WRITTEN_OFF


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (STATEMENT[:-10], "it was cut off"),
        (STATEMENT.replace(b",", b";"), "its columns are divided by a semicolon"),
        (STATEMENT.decode().encode("utf-16"), "it is UTF-16"),
    ],
    ids=["truncated", "delimiter", "encoding"],
)
def test_what_is_of_no_use_is_said_beside_the_form(
    tab: Tab, transactional_db: None, looks_right: LooksRight, content: bytes, told: str
) -> None:
    office(tab, clerk_with_app())
    uploaded(tab, "february.csv", content)
    assert told in tab.do(lambda page: page.inner_text("[role=alert]"))
    looks_right(tab, "office-reconciliation-refused")
    assert not Statement.objects.exists()
