"""What the processes of the bench tell one another, as JSON lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cast:
    """`offers` are the arguments of create_booking, without a key."""

    api_key: str
    token: str
    bookings: list[str]
    offers: list[dict[str, Any]]


@dataclass(frozen=True)
class Run:
    """One load. `expect` must stand in every answer, or the answer counts as failed. `is_once`: each request once, and
    `seconds` is the most that may take.
    """

    ports: list[int]
    requests: list[str]
    expect: str
    seconds: float
    connections: int
    is_once: bool = False


@dataclass(frozen=True)
class Count:
    """What came of a load; `sample` is one answer, a failed one if there is any."""

    answers: int
    failed: int
    seconds: float
    sample: str
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


@dataclass(frozen=True)
class Timing:
    """`ratio` is the median over batches; the milliseconds are of one booking and for the eye only."""

    ratio: float
    statements: int
    pipeline_ms: float
    sql_ms: float


@dataclass(frozen=True)
class Errand:
    """`keys[i]` books `cast["offers"][i]`. `number` tells the submitters apart."""

    number: int
    ports: list[int]
    cast: dict[str, Any]
    keys: list[str]


@dataclass(frozen=True)
class Outcome:
    """Bookings by key, and every other answer by what it was."""

    bookings: dict[str, str]
    refusals: dict[str, int]


@dataclass(frozen=True)
class Ledger:
    """What stands in the database: bookings of ours that were made, orders at the airline."""

    bookings: int
    orders: int

    def since(self, before: Ledger) -> Ledger:
        return Ledger(self.bookings - before.bookings, self.orders - before.orders)


@dataclass(frozen=True)
class LimitCosts:
    """Microseconds of one check in memory, one on Redis and one PING; commands that one check is to Redis."""

    memory_us: float
    redis_us: float
    ping_us: float
    commands: float


@dataclass(frozen=True)
class Drive:
    """What one driver sent and got through, from when to when, in seconds since 1970."""

    tries: int
    admitted: int
    since: float
    until: float


@dataclass(frozen=True)
class Stretch:
    """Bookings that one process made, from when to when, in seconds since 1970."""

    bookings: int
    since: float
    until: float


@dataclass(frozen=True)
class OutboxCosts:
    """Rows that were written, those that were left undone, and rows a second: handled, and by bare statements."""

    written: int
    left: int
    rate: float
    bare_rate: float


@dataclass(frozen=True)
class CredentialCosts:
    """Medians in milliseconds: a token's check, the least it could be, a refresh. And statements for garbage tokens."""

    check_ms: float
    bare_ms: float
    garbage_queries: int
    refresh_ms: float


@dataclass(frozen=True)
class Rotation:
    """A new key over `rows` rows; `left` are still under the old one, `calls` went on meanwhile, `failed` of them."""

    rows: int
    seconds: float
    left: int
    calls: int
    failed: int


@dataclass(frozen=True)
class BatchCosts:
    """Lines of a batch, those that were done and those that wrote; seconds to accept it, to run it, and for as many of
    the same calls by dispatch alone. `processor` are those of its processes, without the database's."""

    lines: int
    done: int
    written: int
    accepting: float
    running: float
    processor: float
    bare: float
    bare_processor: float


@dataclass(frozen=True)
class ExportCosts:
    """Rows, and columns of each; seconds (medians) for `\\copy` of the bare columns, 0 where there is no psql, and for
    whole exports from the order to the link; bytes by which the worker grew while it wrote CSV
    and Parquet, at its highest."""

    rows: int
    columns: int
    copy: float
    csv: float
    jsonl: float
    parquet: float
    grown: int
    parquet_grown: int


@dataclass(frozen=True)
class OfficeTimes:
    """Medians in milliseconds: of pages, and of searches by what was searched for."""

    lists: dict[str, float]
    searches: dict[str, float]


@dataclass(frozen=True)
class AuditCosts:
    """Lines that were verified in one reading, how many a second (the median), and what was found to be wrong."""

    lines: int
    rate: float
    problems: list[str]


@dataclass(frozen=True)
class ReconciliationCosts:
    """Seconds from the file to classed rows, and of the bare statements, whose rows are only counted, or kept; how many
    times the latter, round by round, of which it is the median; bytes that the worker grew by.
    """

    lines: int
    seconds: float
    counted: float
    kept: float
    ratio: float
    grown: int
