"""Reading the whole audit trail again: whether every line is as it was sealed, in its place, and none is missing.

Problem.kind
├── changed     the line is not what was sealed
├── deleted     the seal's line is gone
├── gap         a place of the chain is gone, or was written by somebody without the key
├── stray       a seal stands beside the chains: only its line seems to be sealed
├── cut         a signed head, or the end where sealing goes on, knows a later line than there is, or another one
├── forged      a head was not signed by this house, or by a key that is gone, and the chains do not agree with it; or
│               a record of archived lines was not made by this house
├── lost        an archive's file is gone, or not as it was written (only if archives are read, too)
└── unsealed    a line has no seal, long after it was written
"""

import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from movmo.operations import archive, seals
from movmo.operations.audit import SHARDS
from movmo.operations.lookup import house_key
from movmo.operations.models import AuditArchive, AuditHead, AuditSeal, AuditShard

PAGE = 20_000
SEALED_WITHIN = timedelta(minutes=15)
MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Problem:
    kind: str
    shard: int | None
    place: int | None
    detail: str

    def __str__(self) -> str:
        where = f" at {self.shard}/{self.place}" if self.shard is not None else ""
        return f"{self.kind}{where}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """At most MOST_PROBLEMS problems of each chain are told."""

    lines: int
    problems: tuple[Problem, ...]


Page = list[tuple[int, Any, seals.Text | None]]
"""Place, hash, and the line as it is today."""

Report = Callable[[int], None]
"""How many lines have been read so far."""


def to_nobody(lines: int) -> None:
    """The report of whoever waits for the verdict."""


def verify(*, now: datetime, heads: Iterable[str] = (), report: Report = to_nobody, archives: bool = False) -> Verdict:
    """`heads` are signed ones that were kept elsewhere, beside those in the database. `report` is told page by page.
    Lines that were archived are known by their records; with `archives` their files are read again, too."""
    lines, problems = 0, list[Problem]()
    for shard in range(SHARDS):
        read, found = _chain(shard, before=lines, report=report)
        records, forged = archive.genuine(shard)
        found += _archived(records if archives else [], forged)
        lines += read
        problems += found[:MOST_PROBLEMS]
    kept = AuditHead.objects.order_by("id").values_list("head", flat=True)
    for head in dict.fromkeys([*kept, *heads]):
        problems += _against(head)
    return Verdict(lines, (*problems, *_stray(), *_unsealed(now=now)))


def _chain(shard: int, *, before: int, report: Report) -> tuple[int, list[Problem]]:
    key, previous, expected, problems = house_key(seals.KEY), seals.BEGINNING, 1, list[Problem]()
    archived = 0
    end = AuditShard.objects.filter(pk=shard, sequence__gt=0).first()  # before the chain, which may go on meanwhile
    for page in _pages(shard):
        archived = _archived_before(page, shard, archived)
        for sequence, sealed, text in page:
            if sequence != expected:
                problems.append(Problem("gap", shard, expected, f"the next place is {sequence}"))
                expected = sequence
            if text is None:
                if sequence > archived:
                    problems.append(Problem("deleted", shard, sequence, "the line is gone"))
            elif not hmac.compare_digest(seals.link(key, previous, text), sealed):
                problems.append(Problem("changed", shard, sequence, "the line is not what was sealed"))
            previous, expected = bytes(sealed), sequence + 1
        report(before + expected - 1)
    if end is not None and not _is_sealed(str(shard), end.sequence, bytes(end.hash).hex()):
        problems.append(Problem("cut", shard, end.sequence, "sealing would go on from another line at this place"))
    return expected - 1, problems


def _archived_before(page: Page, shard: int, known: int) -> int:
    """Up to which place lines were archived when the page was read. Some go while we read, each in one commit with its
    record: asked for before the page, the records would not tell of them."""
    missing = max((sequence for sequence, _, text in page if text is None), default=0)
    return archive.archived_up_to(shard) if missing > known else known


def _archived(kept: list[AuditArchive], forged: list[AuditArchive]) -> list[Problem]:
    """`kept` are read again, file by file."""
    not_ours = [Problem("forged", one.shard, one.first, "a record of archived lines is not ours") for one in forged]
    lost = [one for one in kept if not archive.is_as_archived(one)]
    return [*not_ours, *(Problem("lost", one.shard, one.first, f"{one.file} is not as archived") for one in lost)]


def _pages(shard: int) -> Iterator[Page]:
    """The chain in its order.

    Lines are looked up one by one. In a join PostgreSQL may choose to read the whole table for each page.
    """
    statement = f"""
        SELECT s.sequence, s.hash, (SELECT {seals.as_text()} FROM audit_event e WHERE e.id = s.event_id)
        FROM audit_seal s WHERE s.shard = %s AND s.sequence > %s ORDER BY s.sequence LIMIT {PAGE}
    """  # noqa: S608  (our own text)
    reached = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, [shard, reached])
            page = cursor.fetchall()
        if not page:
            return
        yield page
        reached = page[-1][0]


def _against(head: str) -> Iterator[Problem]:
    """What a signed head knows and the chains do not. One by a key that is gone is good while the chains agree."""
    read = seals.read_head(head)
    ends, is_ours = read or ({}, False)
    other = [
        (shard, place) for shard, (place, sealed) in ends.items() if place and not _is_sealed(shard, place, sealed)
    ]
    if read is None or (other and not is_ours):
        yield Problem("forged", None, None, f"the head …{head[-12:]} was not signed by this house")
        return
    for shard, place in other:
        yield Problem("cut", int(shard), place, "a signed head knows another line at this place")


def _is_sealed(shard: str, place: int, sealed: str) -> bool:
    seal = AuditSeal.objects.filter(shard=shard, sequence=place).first() if shard.isdigit() else None
    return seal is not None and bytes(seal.hash).hex() == sealed


def _stray() -> Iterator[Problem]:
    """Seals where no chain is. Whoever may insert could make the others pass over a line with one."""
    beside = AuditSeal.objects.exclude(shard__lt=SHARDS, sequence__gte=1)
    for shard, place in beside.order_by("shard", "sequence").values_list("shard", "sequence")[:MOST_PROBLEMS]:
        yield Problem("stray", shard, place, "no chain has this place")


def _unsealed(*, now: datetime) -> Iterator[Problem]:
    statement = """
        SELECT count(*) FROM audit_event e
        WHERE (e.at < %s OR e.id < %s) AND NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.event_id = e.id)
    """
    before = now - SEALED_WITHIN
    with connection.cursor() as cursor:
        # By its id, too: a line that was put among older ones may tell any time.
        cursor.execute(statement, [connection.ops.adapt_datetimefield_value(before), seals.id_from(before)])
        (count,) = cursor.fetchone()
    if count:
        yield Problem("unsealed", None, None, f"{count} lines have no seal")
