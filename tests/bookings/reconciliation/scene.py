"""Statements as providers send them, and documents of ours that they are about."""

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from bookings.booking.document.models import GIVEN_BACK, BookingDocument
from bookings.booking.models import Booking
from bookings.reconciliation import services
from bookings.reconciliation.layout import COLUMNS
from bookings.reconciliation.models import Discrepancy, Format, Run, Statement, Stream
from bookings.reconciliation.services import Kept, Sender
from movmo.kit import clock
from partners.partner.models import Partner

Kind = BookingDocument.Kind
FIRST, LAST = date(2027, 2, 1), date(2027, 2, 28)
DAY = date(2027, 2, 14)
HEADER = [name for name in COLUMNS if name != "status"]


def document(booking: Booking, number: str, **told: Any) -> BookingDocument:
    """What was issued for a booking: a ticket for 118.70 EUR, of which 18.70 are taxes."""
    values = {
        "provider": booking.provider,
        "order_id": booking.order_id,
        "record_locator": booking.locator,
        "kind": Kind.TICKET,
        "amount_minor": 11_870,
        "tax_minor": 1_870,
        "fee_minor": None,
        "currency": "EUR",
        "issued_on": DAY,
        "issued_at": datetime(2027, 2, 14, 12, tzinfo=UTC),
        **told,
    }
    return BookingDocument.objects.create(booking=booking, number=number, **values)


def line(row: BookingDocument, **told: str) -> dict[str, str]:
    """As the provider tells of the document, if it tells the same."""
    sold = row.kind not in GIVEN_BACK
    amount = row.amount.amount
    return {
        "kind": "sale" if sold else row.kind,
        "order_id": row.order_id,
        "ticket_number": row.number,
        "issued_on": row.issued_on.isoformat(),
        "currency": row.currency,
        "gross": amount if sold else f"-{amount}",
        **told,
    }


def csv_of(
    lines: Iterable[Mapping[str, str]], *, header: list[str] = HEADER, count: int | None = None, ledger: str = ""
) -> bytes:
    rows = [",".join(each.get(name, "") for name in header) for each in lines]
    told = len(rows) if count is None else count
    return "\n".join([",".join(header), *rows, f"# lines {told}", *([ledger] if ledger else []), ""]).encode()


@dataclass
class Clerk:
    """Who sends statements in and has them compared, as a worker would."""

    provider: str = "sandbox"
    partner: Partner | None = None
    format: Format = Format.CSV
    stream: Stream = Stream.SETTLEMENT
    mapping_id: UUID | None = None
    control: dict[str, Any] | None = None
    period: tuple[date, date] = (FIRST, LAST)
    source: Statement.Source = Statement.Source.UPLOAD
    user_id: UUID | None = None
    sent: list[Statement] = field(default_factory=list)

    def sends(self, content: bytes, *, auto: bool = False, declared_bytes: int | None = None) -> Statement:
        about = Kept(
            "statement.csv",
            *self.period,
            format=self.format,
            stream=self.stream,
            mapping_id=self.mapping_id,
            control=self.control,
        )
        sender = Sender(self.provider, self.partner.pk if self.partner else None, self.user_id, self.source)
        statement = services.receive(
            io.BytesIO(content), about, by=sender, now=clock.now(), auto_accept=auto, declared_bytes=declared_bytes
        )
        self.sent.append(statement)
        return statement

    def reads(self, content: bytes, *, auto: bool = False) -> Statement:
        return services.advance(self.sends(content, auto=auto).pk, clock=clock.now)

    def accepts(self, statement: Statement, *, without_bad_lines: bool = False, by: UUID | None = None) -> Statement:
        services.accept(statement, by=by, now=clock.now(), without_bad_lines=without_bad_lines)
        return services.advance(statement.pk, clock=clock.now)

    def compares(self, lines: Iterable[Mapping[str, str]], **told: Any) -> Run:
        """From the file to the run, without a person's word."""
        statement = self.reads(csv_of(lines, **told), auto=True)
        assert statement.state == "reconciled", (statement.problem, [str(bad) for bad in statement.quarantined.all()])
        return statement.runs.get()


def again(statement: Statement) -> Run:
    """Ordered, and done by a worker."""
    run = services.run(statement, by=None, now=clock.now())
    services.advance(statement.pk, clock=clock.now)
    run.refresh_from_db()
    return run


def classes(run: Run) -> dict[str, str]:
    """What was found, by what it is about."""
    return {
        f"{one.subject}": one.category
        for one in Discrepancy.objects.filter(statement=run.statement).exclude(state="gone").order_by("subject")
    }


def ties(run: Run) -> bool:
    """What each side has is what agrees, and what stands in the discrepancies. Ours is moreover what was issued in the
    period; no document counts twice. (For statements about documents of their own period alone.)
    """
    return ours_of(run.statement) == {
        currency: total["ours"] for currency, total in run.totals.items() if total["ours"]
    } and all(
        total["ours"] == total["matched_ours"] + sum(one["ours"] for one in total["by_class"].values())
        and total["theirs"] == total["matched_theirs"] + sum(one["theirs"] for one in total["by_class"].values())
        for total in run.totals.values()
    )


def ours_of(statement: Statement) -> dict[str, int]:
    """By currency, what the documents of the period come to in minor units, where that is not nothing."""
    rows = BookingDocument.objects.filter(
        provider=statement.provider, issued_on__range=(statement.period_start, statement.period_end)
    )
    if statement.partner_id:
        rows = rows.filter(booking__partner_id=statement.partner_id)
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        found[row.currency] += -row.amount_minor if row.kind in GIVEN_BACK else row.amount_minor
    return {currency: minor for currency, minor in found.items() if minor}
