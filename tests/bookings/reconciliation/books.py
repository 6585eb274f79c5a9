"""Statements and discrepancies as rows, for tests of what people do about them. Runs have tests of their own."""

from datetime import date
from typing import Any

from django.db.models import Max

from bookings.booking.document.models import BookingDocument
from bookings.booking.models import Booking
from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import (
    ColumnMapping,
    Discrepancy,
    QuarantinedLine,
    Rules,
    Run,
    Statement,
    StatementLine,
)
from bookings.reconciliation.pull.models import PulledDay
from bookings.reconciliation.resolution.models import Adjustment, Countersignature
from bookings.reconciliation.resolution.schemas import By
from bookings.reconciliation.states import Class, StatementState, Tier
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.kit.ids import new_id
from partners.partner.models import Partner

DAY = date(2027, 2, 28)


def by(clerk: User) -> By:
    return By(user_id=clerk.pk)


def statement(of: Partner | None = None, **changes: Any) -> Statement:
    """One that was compared."""
    number, now = (Statement.objects.aggregate(highest=Max("number"))["highest"] or 0) + 1, clock.now()
    return Statement.objects.create(
        **{
            "number": number,
            "provider": "sandbox",
            "partner": of,
            "scope": f"sandbox:{of.pk}" if of else "sandbox",
            "format": "csv",
            "file_name": f"february-{number}.csv",
            "file_bytes": 120,
            "sha256": new_id().hex * 2,
            "period_start": DAY,
            "period_end": DAY,
            "state": StatementState.RECONCILED,
            "counts": {"lines": 3, "bad": 0, "kinds": {"sale": 3}},
            "totals": {"EUR": {"lines": 3, "gross_minor": 36_000}},
            "created_at": now,
            "updated_at": now,
            **changes,
        }
    )


def run(of: Statement) -> Run:
    now = clock.now()
    totals = {"ours": 12_000, "theirs": 12_100, "matched_ours": 0, "matched_theirs": 0}
    by_class = {"amount_mismatch": {"count": 1, "ours": 12_000, "theirs": 12_100}}
    return Run.objects.create(
        statement=of,
        number=of.runs.count() + 1,
        state=Run.State.DONE,
        as_of=now,
        counts={"lines": 3, "matched": 2, "by_class": {"amount_mismatch": 1}},
        totals={"EUR": {**totals, "by_class": by_class}},
        new=1,
        started_at=now,
        finished_at=now,
    )


def line(of: Statement, number: int = 2, **changes: Any) -> StatementLine:
    values = {"kind": "sale", "currency": "EUR", "gross_minor": 12_100, "outcome": "missing_locally", "tier": Tier.NONE}
    return StatementLine.objects.create(id=of.first_line_id + number, **{**values, **changes})


def discrepancy(of: Statement | None = None, **changes: Any) -> Discrepancy:
    """An open one: the provider claims 1.00 EUR more than ours."""
    of = of or statement()
    seen = of.runs.first() or run(of)
    now = clock.now()
    return Discrepancy.objects.create(
        **{
            "statement": of,
            "subject": f"line {of.discrepancies.count() + 2}",
            "provider": of.provider,
            "partner": of.partner,
            "category": Class.AMOUNT_MISMATCH,
            "tier": Tier.ORDER_ID,
            "explanation": "the provider's order id is the same",
            "ours": {"amount_minor": 12_000, "currency": "EUR"},
            "theirs": {"amount_minor": 12_100, "currency": "EUR", "kind": "sale"},
            "ours_minor": 12_000,
            "ours_currency": "EUR",
            "theirs_minor": 12_100,
            "theirs_currency": "EUR",
            "at_risk_minor": 100,
            "currency": "EUR",
            "first_seen": seen,
            "last_seen": seen,
            "created_at": now,
            "updated_at": now,
            **changes,
        }
    )


def document(of: Booking, **changes: Any) -> BookingDocument:
    """The booking's first ticket."""
    return BookingDocument.objects.filter(booking=of, **changes).order_by("id")[0]


def rules(**tolerances: dict[str, int]) -> Rules:
    """`rules(EUR={"write_off": 5000})`, as the next version."""
    version = Rules.objects.count() + 1
    return Rules.objects.create(
        version=version, tolerances=tolerances, reason="agreed with the airline", created_at=clock.now()
    )


def lock(**changes: Any) -> PeriodLock:
    values = {"provider": "sandbox", "starts_on": DAY, "ends_on": DAY, "reason": "the books are closed"}
    return PeriodLock.objects.create(**{**values, "locked_at": clock.now(), **changes})


def mapping(of: Partner | None = None, **more: str) -> ColumnMapping:
    """The house's has a name of its own, a partner's another one each time."""
    columns = {"kind": "Type", "currency": "Cur", "gross": "Amount", **more}
    name = str(new_id()) if of else "Sabre"
    return ColumnMapping.objects.create(
        provider="sandbox", partner=of, name=name, columns=columns, created_at=clock.now()
    )


def bad_line(of: Statement, number: int = 17) -> QuarantinedLine:
    return QuarantinedLine.objects.create(
        statement=of, line=number, column="gross", code="gross_missing", message="gross is empty.", text="sale,,"
    )


def adjustment(of: Discrepancy, **changes: Any) -> Adjustment:
    """The provider's word was accepted."""
    return Adjustment.objects.create(
        **{
            "discrepancy": of,
            "booking": of.booking,
            "document_id": of.document_id,
            "ours_minor": of.ours_minor,
            "ours_currency": of.ours_currency,
            "theirs_minor": of.theirs_minor,
            "theirs_currency": of.theirs_currency,
            "difference_minor": of.theirs_minor - of.ours_minor,
            "currency": of.theirs_currency,
            "reason": "the fare rules agree with them",
            "made_at": clock.now(),
            **changes,
        }
    )


def owed_day(day: date = DAY, **changes: Any) -> PulledDay:
    return PulledDay.objects.create(**{"provider": "sandbox", "day": day, **changes})


def one_of_each(of: Partner) -> Discrepancy:
    """A row of each table that the back office shows."""
    told = statement(of)
    bad_line(told)
    one = discrepancy(told, line=line(told))
    Countersignature.objects.create(
        what=Countersignature.What.WRITE_OFF,
        discrepancy=one,
        amount_minor=100,
        currency="EUR",
        reason="too little to argue about",
        asked_by=new_id(),
        asked_at=clock.now(),
    )
    rules(EUR={"gross": 5, "write_off": 5_000})
    mapping()
    adjustment(one)
    owed_day(failures=2, problem="Unavailable: no answer within 20 seconds", failed_at=clock.now())
    lock(starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 31))
    return one
