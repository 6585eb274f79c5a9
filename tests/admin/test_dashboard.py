"""The first page of the office: its figures are right, and each is for those who may see what it counts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.booking import figures as bookings
from bookings.booking import steps
from bookings.booking.figures import DayCount, Risk
from bookings.booking.models import Booking
from bookings.booking.provider_call import figures as providers
from bookings.booking.provider_call.figures import Errors
from bookings.booking.provider_call.models import ProviderCall
from bookings.booking.states import State
from bookings.offer import figures as offers
from bookings.offer.models import Offer
from bookings.reconciliation.alarm import queries as alarm
from checkout_widget.session import figures as checkouts
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.states import CheckoutState
from movmo import dashboard, roles
from movmo.kit import clock as the_clock
from movmo.kit.ids import new_id
from movmo.kit.money import Money
from movmo.operations import figures as pipeline
from movmo.operations import usage
from movmo.operations.figures import Backlog, Refusals
from movmo.operations.models import AuditEvent, Outbox
from movmo.operations.usage import Count
from partners.partner.models import Partner
from partners.plan import figures as plans
from partners.plan.models import UsagePlan
from partners.webhook import figures as webhooks
from partners.webhook.models import WebhookDelivery, WebhookEndpoint
from tests import factories, query_plans
from tests.conftest import NOON, StoppedClock
from tests.contract.arguments import arguments_for
from tests.contract.world import World
from tests.office import clerk_with_app, entered

MIDNIGHT = NOON.replace(hour=0)
TITLES = {
    "Bookings by day and state": {"support", "finance", "admin"},
    "Bookings by day and provider": {"support", "finance", "admin"},
    "Money at risk": {"support", "finance", "admin"},
    "Provider errors": {"support", "finance", "admin"},
    "Unknown bookings by age": {"support", "finance", "admin"},
    "Discrepancies by day and class": {"finance", "admin"},
    "Discrepancies by day and provider": {"finance", "admin"},
    "From offers to bookings": {"support", "admin"},
    "From checkouts to bookings": {"support", "partnerships", "admin"},
    "Outbox": {"admin"},
    "Webhooks": {"partnerships", "admin"},
    "Usage against plans": {"finance", "partnerships", "admin"},
    "Refused calls by operation": {"security", "admin"},
}


@pytest.fixture(autouse=True)
def nothing_kept(db: None) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def a_booking(clock: StoppedClock, world: World) -> Booking:
    return Booking.objects.get(pk=world.booking().booking_id)


def another(booking: Booking, *, at: datetime = NOON, **changes: Any) -> Booking:
    """Only its row."""
    values = {field.attname: getattr(booking, field.attname) for field in Booking._meta.concrete_fields}
    values.pop("record_locator", None)
    values |= {"id": new_id(), "created_at": at, "submitted_at": at, **changes}
    made = Booking(**values)
    made.save(force_insert=True)
    return made


def panels_of(role: str) -> str:
    clerk = clerk_with_app(f"{role}@movmo.example", is_superuser=False)
    clerk.groups.add(Group.objects.get(name=role))
    return entered(Client(), clerk).get("/admin/").content.decode()


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_panel_is_for_those_who_may_see_its_lists(role: str) -> None:
    page = panels_of(role)
    assert {title for title in TITLES if f">{title}</h2>" in page} == {
        title for title, shown_to in TITLES.items() if role in shown_to
    }


def test_a_clerk_without_a_role_sees_no_figure() -> None:
    page = entered(Client(), clerk_with_app("new@movmo.example", is_superuser=False)).get("/admin/")
    assert page.context["panels"] == []


def test_bookings_are_counted_by_day_state_and_provider(a_booking: Booking) -> None:
    another(a_booking, at=MIDNIGHT, state=State.FAILED.value)
    another(a_booking, at=MIDNIGHT - timedelta(seconds=1), provider="duffel")
    another(a_booking, at=MIDNIGHT - timedelta(days=2))
    another(a_booking, at=MIDNIGHT + timedelta(days=1))
    counted = bookings.by_day(MIDNIGHT - timedelta(days=1), 2)
    now = State(a_booking.state)
    assert sorted(counted) == sorted(
        [
            DayCount(0, now, "duffel", 1),
            DayCount(1, State.FAILED, "sandbox", 1),
            DayCount(1, now, "sandbox", 1),
        ]
    )


def test_what_is_at_risk_is_summed_by_state_age_and_currency(a_booking: Booking) -> None:
    for minutes, state in ((14, State.UNKNOWN), (16, State.UNKNOWN), (16, State.UNKNOWN), (3_000, State.MANUAL_REVIEW)):
        another(a_booking, at=NOON - timedelta(minutes=minutes), state=state.value, total_minor=100, currency="EUR")
    another(a_booking, state=State.HELD.value, total_minor=7, currency="JPY")
    another(a_booking, state=State.HELD.value, total_minor=7, currency="JPY", submitted_at=None)
    assert sorted(bookings.at_risk(NOON)) == sorted(
        [
            Risk(State.HELD, 0, Money(14, "JPY"), 2),
            Risk(State.MANUAL_REVIEW, 4, Money(100, "EUR"), 1),
            Risk(State.UNKNOWN, 0, Money(100, "EUR"), 1),
            Risk(State.UNKNOWN, 1, Money(200, "EUR"), 2),
        ],
        key=lambda risk: (risk.state, risk.age),
    )


def test_money_at_risk_is_told_by_currency(a_booking: Booking) -> None:
    another(a_booking, state=State.UNKNOWN.value, total_minor=41_230, currency="EUR")
    another(a_booking, state=State.UNKNOWN.value, total_minor=100, currency="EUR", at=NOON - timedelta(days=3))
    panel = dashboard.money_at_risk(NOON)
    assert [(fact.label, fact.words) for fact in panel.facts] == [
        ("EUR, unknown", f"{Money(41_330, 'EUR')} in 2 bookings")
    ]


def test_unknown_bookings_are_charted_by_age(a_booking: Booking) -> None:
    another(a_booking, state=State.HELD.value)
    for minutes in (1, 20, 7 * 60, 2_000):
        another(a_booking, state=State.UNKNOWN.value, at=NOON - timedelta(minutes=minutes))
    panel = dashboard.unknown_by_age(NOON)
    ((_, chart),) = panel.charts
    assert [bar.total for bar in chart.bars] == [1, 1, 0, 1, 1]
    assert panel.words == "3 bookings older than 15 minutes."


def test_a_retry_makes_no_unknown_booking_younger(a_booking: Booking) -> None:
    """The panel counts from where the alarm does, whatever was submitted again meanwhile."""
    for ago, *path in ((24, State.CANCELLING, State.CONFIRMED), (5, State.CANCELLING, State.MANUAL_REVIEW)):
        steps.settle(steps.reload(a_booking.pk), *path, now=NOON - timedelta(hours=ago), reason="a test")
    Booking.objects.update(submitted_at=NOON)
    (overdue,) = alarm.due(now=NOON, limit=10)
    assert overdue.unknown_since == NOON - timedelta(hours=5)
    assert [(one.state, one.age) for one in bookings.at_risk(NOON)] == [(State.MANUAL_REVIEW, 2)]
    assert dashboard.unknown_by_age(NOON).words == "1 booking older than 15 minutes."


def test_nothing_at_risk_is_said() -> None:
    assert dashboard.money_at_risk(NOON).words == "Nothing is held or unknown."
    assert dashboard.unknown_by_age(NOON).words == "No booking is of an unknown end."
    assert dashboard.bookings_by_state(NOON).charts == []
    assert dashboard.bookings_by_provider(NOON).charts == []
    assert dashboard.discrepancies_by_class(NOON).charts == []
    assert dashboard.discrepancies_by_provider(NOON).charts == []


def test_offers_and_bookings_of_a_week(a_booking: Booking) -> None:
    week = NOON - timedelta(days=7)
    assert (offers.taken_since(week), bookings.made_since(week)) == (1, 1)
    Offer.objects.update(is_taken=False)
    Booking.objects.update(created_at=week - timedelta(seconds=1))
    assert (offers.taken_since(week), bookings.made_since(week)) == (0, 0)
    assert dashboard.offers_to_bookings(NOON).levels[0].words == "0 of 0 offers taken"


def test_checkouts_are_counted_by_what_became_of_them(clock: StoppedClock, world: World, aviare: Partner) -> None:
    factories.checkout_origin(aviare)
    world.call("create_checkout_session", **arguments_for("create_checkout_session", world))
    assert checkouts.opened_since(NOON) == {CheckoutState.OPEN: 1}
    assert checkouts.opened_since(NOON + timedelta(seconds=1)) == {}
    CheckoutSession.objects.update(state="completed")
    completed, failed = dashboard.checkouts_to_bookings(NOON).levels
    assert (completed.percent, completed.words, failed.percent) == (100, "1 of 1", 0)


def ordered(name: str, **values: Any) -> None:
    Outbox(topic="test", dedup=name, created_at=NOON, **{"due_at": NOON, **values}).save(force_insert=True)


def test_the_lag_of_the_outbox() -> None:
    assert pipeline.outbox(NOON) == Backlog(0, 0, None, 0)
    ordered("late", due_at=NOON - timedelta(hours=3))
    ordered("due")
    ordered("later", due_at=NOON + timedelta(seconds=1))
    ordered("done", state="done", due_at=NOON - timedelta(days=9))
    ordered("given-up", state="given_up", due_at=NOON - timedelta(days=9))
    assert pipeline.outbox(NOON) == Backlog(3, 2, NOON - timedelta(hours=3), 1)
    waiting, late, given_up = dashboard.outbox(NOON).facts
    assert (waiting.words, waiting.is_bad) == ("3", False)
    assert (late.words, late.is_bad) == ("2, the oldest by 3 hours", True)
    assert (given_up.words, given_up.is_bad) == ("1", True)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(59, "less than a minute"), (60, "1 minute"), (3_599, "59 minutes"), (7_200, "2 hours"), (172_800, "2 days")],
)
def test_a_span_in_words(seconds: int, words: str) -> None:
    assert dashboard._span(timedelta(seconds=seconds)) == words


def test_the_lag_of_webhooks(clock: StoppedClock, world: World) -> None:
    world.webhook_delivery()
    WebhookDelivery.objects.update(state="waiting", due_at=NOON - timedelta(minutes=5), settled_at=None)
    day = timedelta(days=1)
    assert webhooks.deliveries(NOON, since=NOON - day) == Backlog(1, 1, NOON - timedelta(minutes=5), 0)
    WebhookDelivery.objects.update(state="failed", settled_at=NOON)
    assert webhooks.deliveries(NOON, since=NOON) == Backlog(0, 0, None, 1)
    assert webhooks.deliveries(NOON, since=NOON + day).given_up == 0
    assert webhooks.failing_endpoints() == 0
    WebhookEndpoint.objects.update(failing_since=NOON)
    assert webhooks.failing_endpoints() == 1
    assert [fact.words for fact in dashboard.webhook_deliveries(NOON).facts] == ["0", "0", "1", "1"]


def test_usage_against_plans(clock: StoppedClock, aviare: Partner, kestrel: Partner) -> None:
    quota = UsagePlan.objects.create(name="small", rate=1, burst=1, month_quota=100)
    Partner.objects.filter(pk=kestrel.pk).update(plan=quota)
    for partner, calls in ((aviare, 5_000), (kestrel, 40)):
        usage.BOOK.note(partner.pk, "search_flights", Count(calls))
        usage.BOOK.note(partner.pk, "list_providers", Count(50))
    usage.BOOK.flush()
    clock.forward(days=-1)  # February
    usage.BOOK.note(aviare.pk, "search_flights", Count(7))
    usage.BOOK.flush()
    assert [(one.partner, one.calls, one.quota) for one in plans.this_month(NOON)] == [
        ("Kestrel", 90, 100),
        ("Aviare", 5_050, None),
    ]
    with_quota, without = dashboard.usage_against_plans(NOON).levels
    assert (with_quota.percent, with_quota.words) == (90, "90 of 100 calls (small)")
    assert without.words == "5,050 calls, no quota (commercial)"


def test_a_partner_that_is_put_off_is_left_out(clock: StoppedClock, aviare: Partner) -> None:
    usage.BOOK.note(aviare.pk, "search_flights", Count(1))
    usage.BOOK.flush()
    Partner.objects.update(is_active=False)
    assert plans.this_month(NOON) == []
    assert dashboard.usage_against_plans(NOON).words == "No partner has called anything this month."


def line(operation: str, code: str, *, at: datetime = NOON, phase: str = "outcome") -> None:
    AuditEvent(
        call_id=uuid4(), shard=0, phase=phase, at=at, door="rest", operation=operation, code=code
    ).save(force_insert=True)  # fmt: skip


def test_refusals_are_counted_by_operation() -> None:
    for code in ("done", "done", "offer_stale", "offer_stale", "price_changed"):
        line("create_booking", code)
    line("create_booking", "", phase="intent")
    line("list_providers", "done")
    line("search_flights", "scope_missing")
    line("search_flights", "scope_missing", at=NOON - timedelta(hours=2))
    assert pipeline.refusals(NOON - timedelta(hours=1)) == [
        Refusals("create_booking", 5, 3, "offer_stale"),
        Refusals("search_flights", 1, 1, "scope_missing"),
    ]
    level = dashboard.refused_calls(NOON).levels[0]
    assert (level.percent, level.words) == (60, "3 of 5 calls, mostly offer_stale")


def test_what_a_traveler_decided_is_no_refusal() -> None:
    for decision in ("approved", "declined"):
        line("decide_approval", decision)
    assert pipeline.refusals(NOON - timedelta(hours=1)) == []


def called(booking: Booking, outcome: str, *, operation: str = "create_order", at: datetime = NOON) -> None:
    ProviderCall.objects.create(
        booking=booking, provider="sandbox", operation=operation, at=at, duration_ms=9, outcome=outcome, request={}
    )


def test_calls_that_no_provider_answered(a_booking: Booking) -> None:
    """A refusal is an answer."""
    ProviderCall.objects.all().delete()
    for outcome in ("ok", "rejected", "unavailable", "unknown"):
        called(a_booking, outcome)
    called(a_booking, "ok", operation="get_order")
    called(a_booking, "unknown", operation="get_order", at=NOON - timedelta(hours=2))
    called(a_booking, "unavailable", operation="price")
    assert providers.errors(NOON - timedelta(hours=1)) == [
        Errors("sandbox", "create_order", 4, 2),
        Errors("sandbox", "price", 1, 1),
    ]
    level = dashboard.provider_errors(NOON).levels[0]
    assert (level.percent, level.words) == (50, "2 of 4 calls without an answer")


def test_every_state_has_a_colour_of_its_own() -> None:
    colours = [dashboard.COLOURS[state] for state in State]
    assert len(set(colours)) == len(colours)


def test_only_the_most_are_listed() -> None:
    for number in range(12):
        line(f"operation_{number:02}", "scope_missing")
    panel = dashboard.refused_calls(NOON)
    assert len(panel.levels) == dashboard.MOST_ROWS
    assert panel.words == "The last hour: the first 8 of 12 operations."


def test_the_page_tells_what_it_counts(client: Client, world: World) -> None:
    booking, now = Booking.objects.get(pk=world.booking().booking_id), the_clock.now()
    another(booking, state=State.UNKNOWN.value, total_minor=41_230, currency="EUR", at=now - timedelta(hours=2))
    page = entered(client, clerk_with_app()).get("/admin/").content.decode()
    assert "2 in the last 14 days" in page
    assert str(Money(41_230, "EUR")) in page
    assert "1 booking older than 15 minutes." in page
    assert 'href="/admin/bookings/booking/" class' in page


def test_figures_are_counted_once_a_minute_for_everybody(client: Client, world: World) -> None:
    booking = Booking.objects.get(pk=world.booking().booking_id)
    office = entered(client, clerk_with_app())
    assert "1 in the last 14 days" in office.get("/admin/").content.decode()
    another(booking, at=the_clock.now())
    assert "1 in the last 14 days" in office.get("/admin/").content.decode()
    cache.clear()
    assert "2 in the last 14 days" in office.get("/admin/").content.decode()


def test_each_panel_asks_twice_at_most(a_booking: Booking) -> None:
    for _, draw in dashboard.PANELS:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            draw(NOON)
        assert len(asked) <= 2, draw


INDEXES = {
    dashboard.bookings_by_state: {"booking_by_day"},
    dashboard.bookings_by_provider: {"booking_by_day"},
    dashboard.money_at_risk: {"booking_at_risk"},
    dashboard.unknown_by_age: {"booking_at_risk"},
    dashboard.provider_errors: {"provider_call_at_97a2bb9d"},
    dashboard.offers_to_bookings: {"offer_taken", "booking_by_day"},
    dashboard.checkouts_to_bookings: {"checkout_by_day"},
    dashboard.outbox: {"outbox_due", "outbox_given_up"},
    dashboard.webhook_deliveries: {"webhook_due", "webhook_failed"},
}


@pytest.mark.parametrize("draw", INDEXES, ids=lambda draw: draw.__name__)
def test_no_figure_reads_a_whole_table(draw: Any) -> None:
    with CaptureQueriesContext(connection) as asked:
        draw(NOON)
    statements = [query["sql"] for query in asked]
    for index in INDEXES[draw]:
        assert any(query_plans.uses(statement, index) for statement in statements)
