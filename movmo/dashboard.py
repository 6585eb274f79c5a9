"""The first page of the back office: how things are, each panel for those who may see the lists behind it.

A panel is counted at most once a minute, for everybody together.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse

from bookings.booking import figures as bookings
from bookings.booking.figures import ALERT, DayCount
from bookings.booking.provider_call import figures as providers
from bookings.booking.states import State
from bookings.offer import figures as offers
from bookings.reconciliation import figures as reconciliation
from checkout_widget.session import figures as checkouts
from checkout_widget.session.states import CheckoutState
from movmo.kit import bars, clock
from movmo.kit.money import Money
from movmo.operations import figures as pipeline
from movmo.operations.figures import Backlog
from partners.plan import figures as plans
from partners.webhook import figures as webhooks

KEPT = 60  # seconds
DAYS = 14
WEEK, DAY, HOUR = timedelta(days=7), timedelta(days=1), timedelta(hours=1)
MOST_ROWS = 8
COLOURS = {
    State.TICKETED: bars.GREEN,
    State.CONFIRMED: bars.TEAL,
    State.HELD: bars.BLUE,
    State.FAILED: bars.RED,
    State.UNKNOWN: bars.AMBER,
    State.MANUAL_REVIEW: bars.PINK,
    State.CANCELLED: bars.GREY,
    State.LAPSED: bars.OCHRE,
    State.REQUIRES_ACTION: bars.VIOLET,
    State.PENDING: bars.PETROL,
    State.RESERVED: bars.SKY,
    State.SUBMITTING: bars.INDIGO,
    State.CONFIRMING: bars.LIME,
    State.CANCELLING: bars.ROSE,
}
AGES = ("under 15 minutes", "15 minutes to 1 hour", "1 to 6 hours", "6 to 24 hours", "over a day")


class Fact(NamedTuple):
    label: str
    words: str
    is_bad: bool = False


@dataclass(frozen=True)
class Panel:
    """Any of: a sentence, charts with what each counts, levels, and facts. `link` leads to the list behind it."""

    title: str
    words: str = ""
    link: str = ""
    charts: list[tuple[str, bars.Chart]] = field(default_factory=list)
    levels: list[bars.Level] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK."""
    now = clock.now()
    allowed = [draw for needed, draw in PANELS if request.user.has_perms(needed)]
    context["panels"] = [_kept(draw, now) for draw in allowed]
    return context


def _kept(draw: Callable[[datetime], Panel], now: datetime) -> Panel:
    panel = cache.get_or_set(f"dashboard.{draw.__name__}", lambda: draw(now), KEPT)
    assert isinstance(panel, Panel)
    return panel


def bookings_by_state(now: datetime) -> Panel:
    labels, counted = _fortnight(now)
    kinds = [_words(state) for state in State]
    chart = _stacked(labels, [(_words(one.state), one) for one in counted], kinds)
    words = f"{chart.total:,} in the last {DAYS} days, each in the state that it is in now."
    return _chart_of_bookings("Bookings by day and state", words, chart)


def bookings_by_provider(now: datetime) -> Panel:
    labels, counted = _fortnight(now)
    kinds = sorted({one.provider for one in counted})
    chart = _stacked(labels, [(one.provider, one) for one in counted], kinds)
    words = f"{chart.total:,} in the last {DAYS} days, of {len(kinds)} provider{'' if len(kinds) == 1 else 's'}."
    return _chart_of_bookings("Bookings by day and provider", words, chart)


def _fortnight(now: datetime) -> tuple[list[str], list[DayCount]]:
    first, labels = _days(now)
    return labels, bookings.by_day(first, DAYS)


def _days(now: datetime) -> tuple[datetime, list[str]]:
    """When the first of the last DAYS days begins, and what each is called."""
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return first, [f"{day.day} {day:%b}" for day in days]


def _chart_of_bookings(title: str, words: str, chart: bars.Chart) -> Panel:
    return Panel(title, words, link=_list_of("bookings_booking"), charts=[(title, chart)] if chart.most else [])


def _words(state: str) -> str:
    return state.replace("_", " ")


def _stacked(labels: list[str], counted: Iterable[tuple[str, DayCount]], kinds: list[str]) -> bars.Chart:
    amounts = {kind: [0] * len(labels) for kind in kinds}
    for kind, one in counted:
        amounts[kind][one.day] += one.bookings
    return bars.stacked(labels, amounts, colours=_colours())


def _colours() -> dict[str, str]:
    return {_words(state): colour for state, colour in COLOURS.items()}


def offers_to_bookings(now: datetime) -> Panel:
    taken, made = offers.taken_since(now - WEEK), bookings.made_since(now - WEEK)
    return Panel(
        "From offers to bookings",
        "The last 7 days. An offer is taken when somebody submits it, puts a passenger on it or chooses services.",
        link=_list_of("bookings_offer"),
        levels=[bars.level("Bookings made", made, taken, f"{made:,} of {taken:,} offers taken")],
    )


def checkouts_to_bookings(now: datetime) -> Panel:
    by_state = checkouts.opened_since(now - WEEK)
    opened = sum(by_state.values())
    completed, failed = by_state.get(CheckoutState.COMPLETED, 0), by_state.get(CheckoutState.FAILED, 0)
    return Panel(
        "From checkouts to bookings",
        f"{opened:,} opened in the last 7 days.",
        link=_list_of("checkout_widget_checkoutsession"),
        levels=[bars.level("Completed", completed, opened), bars.level("Failed", failed, opened)],
    )


def money_at_risk(now: datetime) -> Panel:
    counts: Counter[tuple[str, State]] = Counter()
    totals: Counter[tuple[str, State]] = Counter()
    for risk in bookings.at_risk(now):
        counts[risk.total.currency, risk.state] += risk.bookings
        totals[risk.total.currency, risk.state] += risk.total.minor
    facts = [
        Fact(f"{currency}, {_words(state)}", f"{Money(minor, currency)} in {_bookings(counts[currency, state])}")
        for (currency, state), minor in sorted(totals.items())
    ]
    words = "Held and not paid for yet, or of an end that nobody knows." if facts else "Nothing is held or unknown."
    return Panel("Money at risk", words, link=_list_of("bookings_booking"), facts=facts)


def unknown_by_age(now: datetime) -> Panel:
    risks = [risk for risk in bookings.at_risk(now) if risk.state is not State.HELD]
    late = sum(risk.bookings for risk in risks if risk.age >= ALERT)
    amounts = {_words(state): [0] * len(AGES) for state in (State.UNKNOWN, State.MANUAL_REVIEW)}
    for risk in risks:
        amounts[_words(risk.state)][risk.age] += risk.bookings
    words = f"{_bookings(late)} older than 15 minutes." if risks else "No booking is of an unknown end."
    chart = ("Bookings of an unknown end by age", bars.stacked(AGES, amounts, colours=_colours()))
    return Panel("Unknown bookings by age", words, link=_list_of("bookings_booking"), charts=[chart] if risks else [])


def _bookings(count: int) -> str:
    return f"{count:,} booking{'' if count == 1 else 's'}"


def discrepancies_by_class(now: datetime) -> Panel:
    title = "Discrepancies by day and class"
    waiting = reconciliation.waiting()
    risks = ", ".join(str(Money(one.at_risk, one.currency)) for one in waiting)
    number = sum(one.discrepancies for one in waiting)
    words = f"{number:,} to look into, with {risks} at risk." if waiting else "None to look into."
    return _chart_of_discrepancies(title, words, reconciliation.of_class, now)


def discrepancies_by_provider(now: datetime) -> Panel:
    return _chart_of_discrepancies("Discrepancies by day and provider", "", reconciliation.of_provider, now)


def _chart_of_discrepancies(
    title: str, words: str, kind: Callable[[reconciliation.DayCount], str], now: datetime
) -> Panel:
    first, labels = _days(now)
    found = reconciliation.amounts(reconciliation.by_day(first, DAYS), DAYS, kind)
    chart = bars.stacked(labels, found)
    told = f"{chart.total:,} found in the last {DAYS} days."
    link = _list_of("bookings_discrepancy")
    return Panel(title, f"{told} {words}".strip(), link=link, charts=[(title, chart)] if chart.most else [])


def outbox(now: datetime) -> Panel:
    return Panel("Outbox", link=_list_of("operations_outbox"), facts=_backlog(pipeline.outbox(now), now, "Given up"))


def webhook_deliveries(now: datetime) -> Panel:
    lag = webhooks.deliveries(now, since=now - DAY)
    failing = webhooks.failing_endpoints()
    facts = [*_backlog(lag, now, "Failed in the last day"), Fact("Failing endpoints", f"{failing:,}", bool(failing))]
    return Panel("Webhooks", link=_list_of("partners_webhookdelivery"), facts=facts)


def _backlog(lag: Backlog, now: datetime, given_up: str) -> list[Fact]:
    behind = timedelta(0) if lag.oldest is None else now - lag.oldest
    return [
        Fact("Waiting", f"{lag.waiting:,}"),
        Fact("Late", f"{lag.late:,}" + (f", the oldest by {_span(behind)}" if lag.late else ""), behind >= HOUR),
        Fact(given_up, f"{lag.given_up:,}", bool(lag.given_up)),
    ]


def _span(span: timedelta) -> str:
    """In its largest unit, such as `3 hours`."""
    seconds = int(span.total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def usage_against_plans(now: datetime) -> Panel:
    used = plans.this_month(now)
    levels = [
        bars.level(
            one.partner,
            one.calls,
            one.quota or 0,
            f"{one.calls:,} " + (f"of {one.quota:,} calls" if one.quota else "calls, no quota") + f" ({one.plan})",
        )
        for one in used[:MOST_ROWS]
    ]
    words = f"{now:%B}: {_most(len(used), 'partner')}." if used else "No partner has called anything this month."
    return Panel("Usage against plans", words, link=_list_of("partners_partner"), levels=levels)


def refused_calls(now: datetime) -> Panel:
    found = pipeline.refusals(now - HOUR)
    levels = [
        bars.level(one.operation, one.refused, one.calls, f"{one.refused:,} of {one.calls:,} calls, mostly {one.code}")
        for one in found[:MOST_ROWS]
    ]
    words = f"The last hour: {_most(len(found), 'operation')}." if found else "No call was refused in the last hour."
    return Panel("Refused calls by operation", words, link=_list_of("operations_auditevent"), levels=levels)


def provider_errors(now: datetime) -> Panel:
    found = providers.errors(now - HOUR)
    levels = [
        bars.level(
            f"{one.provider}, {_words(one.operation)}",
            one.unanswered,
            one.calls,
            f"{one.unanswered:,} of {one.calls:,} calls without an answer",
        )
        for one in found[:MOST_ROWS]
    ]
    words = (
        f"The last hour: {_most(len(found), 'operation')}." if found else "Every call of the last hour was answered."
    )
    return Panel("Provider errors", words, link=_list_of("bookings_booking"), levels=levels)


def _most(count: int, what: str) -> str:
    """`3 operations`, or `the first 8 of 20 operations`."""
    shown = f"{count:,} {what}{'' if count == 1 else 's'}"
    return f"the first {MOST_ROWS} of {shown}" if count > MOST_ROWS else shown


def _list_of(model: str) -> str:
    return reverse(f"admin:{model}_changelist")


# What one has to be allowed to see for each panel, in the order in which they stand on the page.
PANELS: tuple[tuple[tuple[str, ...], Callable[[datetime], Panel]], ...] = (
    (("bookings.view_booking",), bookings_by_state),
    (("bookings.view_booking",), bookings_by_provider),
    (("bookings.view_booking",), unknown_by_age),
    (("bookings.view_booking",), money_at_risk),
    (("bookings.view_booking",), provider_errors),
    (("bookings.view_discrepancy",), discrepancies_by_class),
    (("bookings.view_discrepancy",), discrepancies_by_provider),
    (("bookings.view_offer", "bookings.view_booking"), offers_to_bookings),
    (("checkout_widget.view_checkoutsession",), checkouts_to_bookings),
    (("operations.view_outbox",), outbox),
    (("partners.view_webhookdelivery",), webhook_deliveries),
    (("partners.view_partner", "partners.view_usageplan"), usage_against_plans),
    (("operations.view_auditevent",), refused_calls),
)
