"""Old lines of the audit trail leave the database for files: what was sealed more than 13 months ago, chain by chain.

A file is JSON Lines in gzip: what it is, and then each line with its place, its hash and the very text that was sealed.
Seals stay in the database, so the chains go on unbroken and signed heads of any age are still held against them.

1. the lines are read and held against their seals: what was changed or deleted is no archive, and nothing goes
2. the file is written to the storage, and read again from there
3. in one transaction its record is made, which nobody makes without the house's key, and its lines are removed

Whatever dies before the commit leaves the lines, and a file that no record names. Each try has a file of its own, which
nobody else touches: a name that two shared could be deleted by one after the other had recorded it. The triggers let a
line go whose seal is in a recorded archive, and no other.
"""

import gzip
import hmac
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import IntegrityError, connection, transaction

from movmo.kit.ids import new_id
from movmo.operations import seals
from movmo.operations.audit import SHARDS
from movmo.operations.lookup import house_key
from movmo.operations.models import AuditArchive, AuditSeal

log = structlog.get_logger()

STORAGE = "audit"
FORMAT = "movmo-audit-archive-1"
HOT = timedelta(days=397)
"""Thirteen months, however long they are."""
LINES = 10_000
"""Of a file: they are removed in one transaction, and others wait for it on SQLite."""


class NotArchived(Exception):
    """Nothing was removed. The text says what is wrong, and where."""


Line = tuple[int, bytes, UUID, seals.Text]
"""Place, hash, id, and the text that was sealed."""


def archive(*, now: datetime) -> int:
    """Archive what is old enough. Returns how many lines. A chain that is not as it was sealed, or whose file cannot be
    kept, keeps no other from it; the first NotArchived or failure of a storage is raised in the end.
    """
    archived, failures = 0, list[Exception]()
    for shard in range(SHARDS):
        try:
            while count := _archive_next(shard, now=now):
                archived += count
        except Exception as failure:
            log.exception("audit.not_archived", shard=shard)
            failures.append(failure)
    if failures:
        raise failures[0]
    return archived


def _archive_next(shard: int, *, now: datetime) -> int:
    """The next file of a chain. Returns how many lines it took; 0: none is old enough, or somebody else was first."""
    last = AuditArchive.objects.filter(shard=shard).order_by("-last").first()
    reached, previous = (last.last, bytes(last.hash)) if last else (0, seals.BEGINNING)
    if not list(_old(shard, reached, before=now - HOT, most=1)):
        return 0
    lines = list(_intact(shard, reached, previous, before=now - HOT))
    if not lines:
        return 0
    content = _packed(shard, previous, lines)
    record = AuditArchive(
        at=now,
        shard=shard,
        first=lines[0][0],
        last=lines[-1][0],
        previous=previous,
        hash=lines[-1][1],
        sha256=sha256(content).hexdigest(),
        byte_count=len(content),
    )
    record.file = f"{shard:02}-{record.first}-{record.last}-{new_id()}.jsonl.gz"
    record.mac = mac_of(record)
    _keep(record.file, content)
    return _let_go(record)


def _old(shard: int, reached: int, *, before: datetime, most: int) -> Iterator[tuple[int, bytes, Any, Any]]:
    """The chain from a place on, as far as its lines are old. One that is gone comes without its text."""
    statement = f"""
        SELECT s.sequence, s.hash, s.event_id,
            (SELECT {seals.as_text()} FROM audit_event e WHERE e.id = s.event_id),
            (SELECT e.at < %s AND e.id < %s FROM audit_event e WHERE e.id = s.event_id)
        FROM audit_seal s WHERE s.shard = %s AND s.sequence > %s ORDER BY s.sequence LIMIT {most}
    """  # noqa: S608  (our own text)
    with connection.cursor() as cursor:
        bound = connection.ops.adapt_datetimefield_value(before)
        cursor.execute(statement, [bound, seals.id_from(before), shard, reached])
        rows = cursor.fetchall()
    for sequence, sealed, event_id, text, is_old in rows:
        if text is not None and not is_old:
            return
        yield sequence, bytes(sealed), event_id, text


def _intact(shard: int, reached: int, previous: bytes, *, before: datetime) -> Iterator[Line]:
    """None where somebody else has archived them meanwhile. Raises NotArchived."""
    key = house_key(seals.KEY)
    for expected, line in enumerate(_old(shard, reached, before=before, most=LINES), start=reached + 1):
        sequence, sealed, event_id, text = line
        if text is None and sequence == expected <= archived_up_to(shard):
            return
        is_whole = sequence == expected and text is not None
        if not is_whole or not hmac.compare_digest(seals.link(key, previous, text), sealed):
            raise NotArchived(f"the chain {shard} is not as it was sealed at {expected}: see audit_verify")
        yield sequence, sealed, UUID(str(event_id)), text
        previous = sealed


def _packed(shard: int, previous: bytes, lines: list[Line]) -> bytes:
    head = {"format": FORMAT, "shard": shard, "first": lines[0][0], "last": lines[-1][0], "previous": previous.hex()}
    told = [
        {"sequence": sequence, "id": str(event_id), "hash": sealed.hex(), "line": _as_str(text)}
        for sequence, sealed, event_id, text in lines
    ]
    return gzip.compress("".join(f"{json.dumps(one)}\n" for one in (head, *told)).encode(), mtime=0)


def _as_str(text: seals.Text) -> str:
    """Lossless, whatever SQLite holds."""
    return text.decode(errors="surrogateescape") if isinstance(text, bytes) else text


def mac_of(record: AuditArchive) -> bytes:
    """Who has not the house's key makes no record, and so cannot say of a deleted line that it was archived."""
    told = [record.shard, record.first, record.last, bytes(record.previous).hex(), bytes(record.hash).hex()]
    said = orjson.dumps([FORMAT, *told, record.file, record.sha256, record.byte_count])
    return hmac.digest(house_key(seals.KEY), said, "sha256")


def storage() -> Storage:
    return storages[STORAGE]


def _keep(name: str, content: bytes) -> None:
    """In the storage under its name, whole, and read again from there. Raises NotArchived."""
    kept = storage().save(name, ContentFile(content))
    if kept != name:
        raise NotArchived(f"{name} is in the storage already, which two tries never share")
    _settle_on_disk(name)
    if digest_of(name) != sha256(content).hexdigest():
        storage().delete(name)
        raise NotArchived(f"{name} is not in the storage as it was written")


def digest_of(name: str) -> str:
    with storage().open(name, "rb") as opened:
        return sha256(opened.read()).hexdigest()


def _settle_on_disk(name: str) -> None:
    """A folder may lose what it has just taken if the machine loses its power; a bucket does not."""
    place = storage()
    if not isinstance(place, FileSystemStorage):
        return
    file = Path(place.path(name))
    for path in (file, file.parent):
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _let_go(record: AuditArchive) -> int:
    """The record and the removal, both or none. Returns how many lines; 0 if somebody else was first."""
    statement = """
        DELETE FROM audit_event WHERE id IN (
            SELECT event_id FROM audit_seal WHERE shard = %s AND sequence BETWEEN %s AND %s)
    """
    expected = record.last - record.first + 1
    try:
        with transaction.atomic(durable=True):
            record.save(force_insert=True)
            with connection.cursor() as cursor:
                cursor.execute(statement, [record.shard, record.first, record.last])
                removed = cursor.rowcount
            if removed != expected:
                raise NotArchived(f"{removed} lines would have gone for {expected} of {record.file}")
    except IntegrityError:
        if AuditArchive.objects.filter(shard=record.shard, first=record.first).exists():
            storage().delete(record.file)  # Our own copy, which no record names.
            return 0
        raise
    log.info("audit.archived", shard=record.shard, first=record.first, last=record.last, file=record.file)
    return expected


def genuine(shard: int) -> tuple[list[AuditArchive], list[AuditArchive]]:
    """The records of a chain: those that the house made and whose ends its seals know, and the others."""
    good, others = list[AuditArchive](), list[AuditArchive]()
    for record in AuditArchive.objects.filter(shard=shard).order_by("first"):
        (good if _is_genuine(record) else others).append(record)
    return good, others


def archived_up_to(shard: int) -> int:
    """As the records say now. Whoever misses a line asks afterwards: it may have been archived since."""
    return reach(genuine(shard)[0])


def reach(records: list[AuditArchive]) -> int:
    """Up to which place a chain is archived without a gap; 0: not at all."""
    last = 0
    for record in records:
        if record.first != last + 1:
            break
        last = record.last
    return last


def _is_genuine(record: AuditArchive) -> bool:
    ends = dict(
        AuditSeal.objects.filter(shard=record.shard, sequence__in=(record.first - 1, record.last)).values_list(
            "sequence", "hash"
        )
    )
    before = bytes(ends.get(record.first - 1, seals.BEGINNING))
    is_ours = hmac.compare_digest(mac_of(record), bytes(record.mac))
    return is_ours and (before, bytes(ends.get(record.last, b""))) == (bytes(record.previous), bytes(record.hash))


def is_as_archived(record: AuditArchive) -> bool:
    """Whether the file is what was recorded, line by line what was sealed, and what the seals say today."""
    try:
        with storage().open(record.file, "rb") as opened:
            content = opened.read()
        if sha256(content).hexdigest() != record.sha256:
            return False
        _, *told = (json.loads(line) for line in gzip.decompress(content).splitlines())
    except (OSError, ValueError, EOFError):
        return False
    sealed = AuditSeal.objects.filter(shard=record.shard, sequence__range=(record.first, record.last))
    places = list(sealed.order_by("sequence").values_list("sequence", "hash"))
    key, previous = house_key(seals.KEY), bytes(record.previous)
    for line, (sequence, known) in zip(told, places, strict=False):
        text = line["line"].encode(errors="surrogateescape")
        if line["sequence"] != sequence or seals.link(key, previous, text) != bytes(known):
            return False
        previous = bytes(known)
    return len(told) == len(places) == record.last - record.first + 1
