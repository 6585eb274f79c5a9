"""A statement comes in: its file is kept, its head and its end are judged, and it is written down.

Keeping a file takes as long as it is long, and is done with no transaction open: `take`, then `write_down`. Of a
partner so many wait at once and no more, and each keeps a file of PARTNERS_MOST_BYTES and PARTNERS_MOST_LINES at most:
see `allowances`, also for how many come in a day.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from bookings.reconciliation import allowances, control, queries, resending, storing
from bookings.reconciliation.lock.queries import check_open
from bookings.reconciliation.models import ColumnMapping, Format, Statement, Stream
from bookings.reconciliation.refusals import (
    MOST_BYTES,
    PARTNERS_MOST_BYTES,
    PARTNERS_MOST_LINES,
    MappingNeeded,
    MappingNotOfFormat,
    StatementPeriodInvalid,
    StatementTooLarge,
    StatementTooLong,
)
from bookings.reconciliation.states import StatementState
from movmo.kit.errors import DomainError, NotFound
from movmo.kit.ids import new_id
from movmo.kit.text import one_line

MOST_DAYS = 366
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
"""Of the days that a statement may be about."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose statement it is. `partner_id` empty: staff's, held against all of the provider's bookings."""

    provider: str
    partner_id: UUID | None = None
    user_id: UUID | None = None
    source: Statement.Source = Statement.Source.UPLOAD

    @property
    def scope(self) -> str:
        return f"{self.provider}:{self.partner_id}" if self.partner_id else self.provider


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file is about. `control` says what a format without a control record of its own does not: lines, and
    by currency opening and closing as decimal strings: {"lines": 3, "opening": {"EUR": "0.00"}, "closing": {…}}.
    """

    file_name: str
    period_start: date
    period_end: date
    format: Format = Format.CSV
    stream: Stream = Stream.SETTLEMENT
    mapping_id: UUID | None = None
    control: dict[str, Any] | None = None


def told_beside(
    lines: int | None, opening: dict[str, str] | None = None, closing: dict[str, str] | None = None
) -> dict[str, Any] | None:
    """`Kept.control`, of what a sender may leave out."""
    told = {"lines": lines, "opening": opening, "closing": closing}
    return {name: value for name, value in told.items() if value not in (None, {})} or None


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that is kept, and what is to be written down of it. `known`: the statement that has the same bytes, and
    `said` no control record where reading it anew is not worth it.
    """

    stored: storing.Stored
    by: Sender
    said: dict[str, Any]
    known: Statement | None


def take(
    file: BinaryIO, about: Kept, *, by: Sender, declared_bytes: int | None = None, auto_accept: bool = False
) -> Taken:
    """Keep the file and judge its head and end. It may be long: call it outside of a transaction. What nobody writes
    down then is tidied away in time.

    Raises StatementTooLarge, StatementTooLong, StatementUnreadable, StatementPeriodInvalid, MappingNeeded,
    MappingNotOfFormat, NotFound (of the mapping) or PeriodLocked; nothing is kept then.
    """
    limit = MOST_BYTES if by.partner_id is None else PARTNERS_MOST_BYTES
    if declared_bytes is not None and declared_bytes > limit:
        raise StatementTooLarge(bytes=declared_bytes, limit=limit)
    _check_period(about, by)
    mapping = _mapping(about, by)
    stored = storing.keep(file, limit=limit)
    known = Statement.objects.filter(scope=by.scope, sha256=stored.sha256).first()
    said = _said(about, by) | {"mapping": mapping, "is_auto_accepted": auto_accept}
    if known is None or resending.is_worth_it(known, said) or _is_told_more(known, about):
        told, lines = _judged(stored, about, mapping, by)
        said |= {"file": stored.name, "control": told.as_json(), "file_lines": lines}
    return Taken(stored, by, said, known)


def write_down(taken: Taken, *, now: datetime, statement_id: UUID | None = None) -> Statement:
    """The same bytes within the scope are one statement: the earlier one is returned, to be read anew where something
    else is said of it now.

    Raises StatementsWaiting or StatementLinesSpent; nothing is kept then.
    """
    stored, by, known = taken.stored, taken.by, taken.known
    if known is not None and "control" not in taken.said:
        storing.forget(stored.name)
        return known
    said = taken.said | {"updated_at": now}
    with transaction.atomic():
        if known is None or known.state == StatementState.REFUSED:
            _check_allowances(taken, now=now)
        if known is not None:
            return resending.anew(known, said)
        kept = {"file_bytes": stored.bytes, "sha256": stored.sha256, "created_at": now}
        whose = {"provider": by.provider, "partner_id": by.partner_id, "scope": by.scope}
        return _numbered(Statement(id=statement_id or new_id(), **whose, **kept, **said))


def _check_allowances(taken: Taken, *, now: datetime) -> None:
    """Raises StatementsWaiting or StatementLinesSpent; the file is not kept then."""
    if taken.by.partner_id is None:
        return
    try:
        allowances.check(taken.by.partner_id, taken.by.provider, taken.said["file_lines"], file=taken.stored, now=now)
    except DomainError:
        storing.forget(taken.stored.name)
        raise


def receive(
    file: BinaryIO,
    about: Kept,
    *,
    by: Sender,
    now: datetime,
    declared_bytes: int | None = None,
    auto_accept: bool = False,
) -> Statement:
    """Keep the file for a worker. The same bytes within the scope are one statement: the earlier one is returned, read
    anew where nothing of it was taken over and something else is said of it now (see `resending`).

    `auto_accept`: one without a bad line whose totals tie is compared without a person's word. Call it outside of a
    transaction. Raises what `take` and `write_down` do.
    """
    return write_down(take(file, about, by=by, declared_bytes=declared_bytes, auto_accept=auto_accept), now=now)


def _said(about: Kept, by: Sender) -> dict[str, Any]:
    """What of the statement its sender says."""
    return {
        "source": by.source,
        "uploaded_by": by.user_id,
        "stream": about.stream,
        "format": about.format,
        "file_name": one_line(about.file_name, longest=200),
        "period_start": about.period_start,
        "period_end": about.period_end,
    }


def _is_told_more(known: Statement, about: Kept) -> bool:
    """What its control record has to say, while nothing of it was taken over."""
    told = about.control or {}
    return known.state in resending.OPEN and any(known.control.get(name) != value for name, value in told.items())


def _check_period(about: Kept, by: Sender) -> None:
    days = (about.period_end - about.period_start).days
    if not 0 <= days < MOST_DAYS or about.period_start < FIRST_DAY or about.period_end > LAST_DAY:
        raise StatementPeriodInvalid(
            starts_on=about.period_start.isoformat(),
            ends_on=about.period_end.isoformat(),
            most_days=MOST_DAYS,
            first_year=FIRST_DAY.year,
            last_year=LAST_DAY.year,
        )
    check_open(by.provider, about.period_start, about.period_end, partner_id=by.partner_id)


def _mapping(about: Kept, by: Sender) -> ColumnMapping | None:
    """The sender's own, or the house's for the provider. Raises MappingNeeded, MappingNotOfFormat or NotFound."""
    if about.format != Format.MAPPED:
        if about.mapping_id is not None:
            raise MappingNotOfFormat(format=about.format)
        return None
    if about.mapping_id is None:
        raise MappingNeeded(format=about.format)
    mapping = queries.mappings(by.partner_id).filter(pk=about.mapping_id, provider=by.provider).first()
    if mapping is None:
        raise NotFound(f"column mapping for {by.provider}")
    return mapping


def _judged(
    stored: storing.Stored, about: Kept, mapping: ColumnMapping | None, by: Sender
) -> tuple[control.Told, int | None]:
    """With how many lines a partner's has. Nothing is kept of what is refused. Raises StatementUnreadable or
    StatementTooLong.
    """
    try:
        with storing.opened(stored.name) as file:
            told = control.judge(file, stored.bytes, format_=about.format, mapping=mapping, control=about.control)
            lines = None if by.partner_id is None else told.lines_in(file, about.format)
            if lines is not None and lines > PARTNERS_MOST_LINES:
                raise StatementTooLong(lines=lines, limit=PARTNERS_MOST_LINES)
            return told, lines
    except Exception:
        storing.forget(stored.name)
        raise


def _numbered(statement: Statement) -> Statement:
    """Two who come at once want the same number, or bring the same file: the constraints tell which. Raises
    IntegrityError for any other, such as an id that another has; nothing is kept then.
    """
    while True:
        statement.number = (Statement.objects.aggregate(highest=Max("number"))["highest"] or 0) + 1
        try:
            with transaction.atomic():
                statement.save(force_insert=True)
        except IntegrityError:
            known = Statement.objects.filter(scope=statement.scope, sha256=statement.sha256).first()
            if known is None and Statement.objects.filter(number=statement.number).exists():
                continue
            storing.forget(statement.file)
            if known is None:
                raise
            return known
        return statement
