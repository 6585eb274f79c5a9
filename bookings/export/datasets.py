"""What can be exported, each declared once: its columns, where its rows are, which filters it knows, whose they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bookings.export.columns import Column, Type
from bookings.export.schemas import DatasetName
from movmo.operations import rights

Value = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter in SQL with one place for its value. `value` makes what is compared of what was asked for."""

    sql: str
    value: Value = lambda asked: asked


@dataclass(frozen=True, slots=True)
class Dataset:
    """`source` is what stands after FROM, `order` a unique column of it.

    `partner` is the column that tells whose a row is; None: of nobody outside, so staff only. `provider` is the column
    that tells whether a row is a test key's or a live key's; None: of both. `list_` is the permission for the list of
    these rows in the back office: nobody exports what they do not see.
    """

    name: DatasetName
    title: str
    source: str
    order: str
    columns: tuple[Column, ...]
    conditions: Mapping[str, Condition]
    partner: str | None
    list_: str
    provider: str | None = None

    @property
    def permissions(self) -> tuple[str, str]:
        """What staff need, both."""
        return rights.EXPORT, self.list_


def _since(column: str) -> dict[str, Condition]:
    return {"since": Condition(f"{column} >= %s"), "until": Condition(f"{column} < %s")}


def _first_day(at: datetime) -> Any:
    return at.astimezone(UTC).date()


def _last_day(before: datetime) -> Any:
    """The calendar begins somewhere: nothing is before that."""
    at, moment = before.astimezone(UTC), timedelta(microseconds=1)
    return (max(at, datetime.min.replace(tzinfo=UTC) + moment) - moment).date()


def _masked(column: str) -> str:
    """The first letter, enough for whoever knows the person."""
    return f"substr({column}, 1, 1) || '•••'"


OF_BOOKINGS = {
    "status": Condition("b.state = %s"),
    "provider": Condition("b.provider = %s"),
    "partner": Condition("b.partner_id = %s"),
    "door": Condition("b.door = %s"),
    **_since("b.created_at"),
}

BOOKINGS = Dataset(
    name=DatasetName.BOOKINGS,
    title="Bookings",
    source="booking b LEFT JOIN partner p ON p.id = b.partner_id",
    order="b.id",
    columns=(
        Column("booking_id", Type.ID, "b.id"),
        Column("record_locator", Type.TEXT, "b.record_locator"),
        Column("status", Type.CODE, "b.state"),
        Column("provider", Type.CODE, "b.provider"),
        Column("order_id", Type.TEXT, "b.order_id"),
        Column("partner", Type.CODE, "p.slug"),
        Column("door", Type.CODE, "b.door"),
        Column("mode", Type.CODE, "b.mode"),
        Column("user_id", Type.ID, "b.user_id"),
        Column("total", Type.MONEY, "b.total_minor", currency="b.currency"),
        Column("currency", Type.CODE, "b.currency"),
        Column("payment_status", Type.CODE, "b.payment_status"),
        Column("refund", Type.MONEY, "b.refund_minor", currency="b.currency"),
        Column("penalty", Type.MONEY, "b.penalty_minor", currency="b.currency"),
        Column("failure_code", Type.CODE, "b.failure_code"),
        Column("created_at", Type.TIME, "b.created_at"),
        Column("updated_at", Type.TIME, "b.updated_at"),
    ),
    conditions=OF_BOOKINGS,
    partner="b.partner_id",
    provider="b.provider",
    list_="bookings.view_booking",
)

PASSENGERS = Dataset(
    name=DatasetName.PASSENGERS,
    title="Passengers, masked",
    source="booking b JOIN offer_slot s ON s.offer_id = b.offer_id LEFT JOIN passenger x ON x.id = s.passenger_id "
    "LEFT JOIN partner p ON p.id = b.partner_id",
    order="b.id, s.position",
    columns=(
        Column("booking_id", Type.ID, "b.id"),
        Column("record_locator", Type.TEXT, "b.record_locator"),
        Column("status", Type.CODE, "b.state"),
        Column("partner", Type.CODE, "p.slug"),
        Column("passenger_id", Type.ID, "x.id"),
        Column("type", Type.CODE, "s.type"),
        Column("given_name", Type.TEXT, _masked("x.given_name")),
        Column("family_name", Type.TEXT, _masked("x.family_name")),
        Column(
            "birth_year",
            Type.INTEGER,
            "date_part('year', x.birth_date)::integer",
            "CAST(substr(x.birth_date, 1, 4) AS INTEGER)",
        ),
        Column(
            "email",
            Type.TEXT,
            f"CASE WHEN x.email = '' THEN '' ELSE {_masked('x.email')} || substr(x.email, strpos(x.email, '@')) END",
            f"CASE WHEN x.email = '' THEN '' ELSE {_masked('x.email')} || substr(x.email, instr(x.email, '@')) END",
        ),
        Column("booked_at", Type.TIME, "b.created_at"),
    ),
    conditions=OF_BOOKINGS,
    partner="b.partner_id",
    provider="b.provider",
    list_="bookings.view_passenger",
)

DOCUMENTS = Dataset(
    name=DatasetName.DOCUMENTS,
    title="Documents",
    source="booking_document d JOIN booking b ON b.id = d.booking_id LEFT JOIN partner p ON p.id = b.partner_id",
    order="d.id",
    columns=(
        Column("document_id", Type.ID, "d.id"),
        Column("booking_id", Type.ID, "d.booking_id"),
        Column("kind", Type.CODE, "d.kind"),
        Column("number", Type.TEXT, "d.number"),
        Column("provider", Type.CODE, "d.provider"),
        Column("order_id", Type.TEXT, "d.order_id"),
        Column("record_locator", Type.TEXT, "d.record_locator"),
        Column("partner", Type.CODE, "p.slug"),
        Column("amount", Type.MONEY, "d.amount_minor", currency="d.currency"),
        Column("tax", Type.MONEY, "d.tax_minor", currency="d.currency"),
        Column("fee", Type.MONEY, "d.fee_minor", currency="d.currency"),
        Column("currency", Type.CODE, "d.currency"),
        Column("issued_on", Type.DAY, "d.issued_on"),
        Column("issued_at", Type.TIME, "d.issued_at"),
        Column("booking_status", Type.CODE, "b.state"),
    ),
    conditions={
        "status": Condition("b.state = %s"),
        "provider": Condition("d.provider = %s"),
        "kind": Condition("d.kind = %s"),
        "partner": Condition("b.partner_id = %s"),
        **_since("d.issued_at"),
    },
    partner="b.partner_id",
    provider="d.provider",
    list_="bookings.view_bookingdocument",
)

DISCREPANCIES = Dataset(
    name=DatasetName.DISCREPANCIES,
    title="Discrepancies",
    source="reconciliation_discrepancy d JOIN reconciliation_statement t ON t.id = d.statement_id "
    "LEFT JOIN partner p ON p.id = d.partner_id",
    order="d.id",
    columns=(
        Column("discrepancy_id", Type.ID, "d.id"),
        Column("statement_id", Type.ID, "d.statement_id"),
        Column("statement", Type.TEXT, "t.file_name"),
        Column("period_start", Type.DAY, "t.period_start"),
        Column("period_end", Type.DAY, "t.period_end"),
        Column("provider", Type.CODE, "d.provider"),
        Column("partner", Type.CODE, "p.slug"),
        Column("subject", Type.TEXT, "d.subject"),
        Column("class", Type.CODE, "d.class"),
        Column("matched_by", Type.CODE, "d.tier"),
        Column("status", Type.CODE, "d.state"),
        Column("resolution", Type.CODE, "d.resolution"),
        Column("ours", Type.MONEY, "d.ours_minor", currency="d.ours_currency"),
        Column("ours_currency", Type.CODE, "d.ours_currency"),
        Column("theirs", Type.MONEY, "d.theirs_minor", currency="d.theirs_currency"),
        Column("theirs_currency", Type.CODE, "d.theirs_currency"),
        Column("at_risk", Type.MONEY, "d.at_risk_minor", currency="d.currency"),
        Column("currency", Type.CODE, "d.currency"),
        Column("document_id", Type.ID, "d.document_id"),
        Column("booking_id", Type.ID, "d.booking_id"),
        Column("explanation", Type.TEXT, "d.explanation"),
        Column("created_at", Type.TIME, "d.created_at"),
        Column("updated_at", Type.TIME, "d.updated_at"),
    ),
    conditions={
        "provider": Condition("d.provider = %s"),
        "discrepancy_class": Condition("d.class = %s"),
        "discrepancy_status": Condition("d.state = %s"),
        "statement_id": Condition("d.statement_id = %s"),
        "booking_id": Condition("d.booking_id = %s"),
        "partner": Condition("d.partner_id = %s"),
        **_since("d.created_at"),
    },
    partner="d.partner_id",
    provider="d.provider",
    list_="bookings.view_discrepancy",
)

USAGE = Dataset(
    name=DatasetName.USAGE,
    title="Usage of the API",
    source="usage_count u LEFT JOIN partner p ON p.id = u.partner_id",
    order="u.day, u.id",
    columns=(
        Column("day", Type.DAY, "u.day"),
        Column("partner", Type.CODE, "p.slug"),
        Column("operation", Type.CODE, "u.operation"),
        Column("calls", Type.INTEGER, "u.calls"),
        Column("refused", Type.INTEGER, "u.refused"),
    ),
    conditions={
        "operation": Condition("u.operation = %s"),
        "partner": Condition("u.partner_id = %s"),
        "since": Condition("u.day >= %s", _first_day),
        "until": Condition("u.day <= %s", _last_day),
    },
    partner="u.partner_id",
    list_="partners.view_partner",
)

AUDIT = Dataset(
    name=DatasetName.AUDIT,
    title="Audit trail",
    source="audit_event e",
    order="e.id",
    columns=(
        Column("event_id", Type.ID, "e.id"),
        Column("at", Type.TIME, "e.at"),
        Column("call_id", Type.ID, "e.call_id"),
        Column("phase", Type.CODE, "e.phase"),
        Column("door", Type.CODE, "e.door"),
        Column("operation", Type.TEXT, "e.operation"),
        Column("code", Type.TEXT, "e.code"),
        Column("user_id", Type.ID, "e.user_id"),
        Column("partner_id", Type.ID, "e.partner_id"),
        Column("client_id", Type.TEXT, "e.client_id"),
        Column("request_id", Type.TEXT, "e.request_id"),
        Column("resource_id", Type.ID, "e.resource_id"),
        Column("approval_id", Type.ID, "e.approval_id"),
        Column("duration_ms", Type.INTEGER, "e.duration_ms"),
        Column("arguments", Type.JSON, "e.arguments"),
    ),
    conditions={
        "operation": Condition("e.operation = %s"),
        "partner": Condition("e.partner_id = %s"),
        "user": Condition("e.user_id = %s"),
        "client": Condition("e.client_id = %s"),
        "door": Condition("e.door = %s"),
        "phase": Condition("e.phase = %s"),
        "code": Condition("e.code = %s"),
        "resource": Condition("e.resource_id = %s"),
        **_since("e.at"),
    },
    partner=None,
    list_="operations.view_auditevent",
)

DATASETS: dict[DatasetName, Dataset] = {
    one.name: one for one in (BOOKINGS, PASSENGERS, DOCUMENTS, DISCREPANCIES, USAGE, AUDIT)
}
