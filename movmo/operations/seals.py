"""Seals over the audit trail: in each shard every line is hashed together with all before it, by a key of the house.

    seal      a moment after they were written, lines get their place in the chain and its hash (a worker does it)
    sign      now and then the ends of all chains are signed and logged: who keeps the log can show that an end was cut
    verify    reads everything again: a line that was changed or deleted, a place that is missing, an end that was cut

The hot path only inserts the line. Chains are sealed one after the other under the lock of their end, so sealing twice
at once is harmless. The key is not in the database in clear, so who writes there cannot make seals.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.db import Error, connection, transaction

from movmo.operations.audit import SHARDS
from movmo.operations.lookup import house_key
from movmo.operations.models import AuditHead, AuditSeal, AuditShard

log = structlog.get_logger()

KEY = "audit"
FORMAT = "movmo-audit-1"
SIGNATURE = (PKCS1v15(), SHA256())
BEGINNING = bytes(32)
EPOCH = datetime.fromtimestamp(0, UTC)
BATCH = 5_000
LONGEST_TRANSACTION = timedelta(minutes=10)
"""A line that is committed later than this after it was written is found by `verify`, as one without a seal."""

_COLUMNS = (
    *("id", "call_id", "shard", "phase", "at", "door", "operation", "user_id", "partner_id", "client_id", "request_id"),
    *("arguments", "code", "resource_id", "approval_id", "duration_ms"),
)


def seal(*, now: datetime) -> int:
    """Give every line that has none its seal. Returns how many it were. A chain that cannot go on keeps no other from
    it; what was wrong with the first such one is raised in the end.
    """
    sealed, failures = 0, list[Error]()
    for shard in range(SHARDS):
        try:
            sealed += _seal_shard(shard, now=now)
        except Error as failure:
            log.exception("audit.not_sealed", shard=shard)
            failures.append(failure)
    if failures:
        raise failures[0]
    return sealed


def _seal_shard(shard: int, *, now: datetime) -> int:
    sealed = 0
    while True:
        count = _seal_batch(shard, now=now)
        sealed += count
        if count < BATCH:
            return sealed


def _seal_batch(shard: int, *, now: datetime) -> int:
    key = house_key(KEY)
    with transaction.atomic(durable=True):
        AuditShard.objects.bulk_create([AuditShard(shard=shard, hash=BEGINNING)], ignore_conflicts=True)
        AuditShard.objects.filter(pk=shard).update(shard=shard)  # the lock
        end = AuditShard.objects.get(pk=shard)
        previous, seals = bytes(end.hash), []
        for sequence, (event_id, text) in enumerate(_unsealed(end, now=now), start=end.sequence + 1):
            previous = link(key, previous, text)
            seals.append(AuditSeal(shard=shard, sequence=sequence, event_id=event_id, hash=previous))
        if seals:
            AuditSeal.objects.bulk_create(seals)
            last = seals[-1]
            AuditShard.objects.filter(pk=shard).update(sequence=last.sequence, hash=previous, event_id=last.event_id)
    return len(seals)


Text = str | bytes


def link(key: bytes, previous: bytes, text: Text) -> bytes:
    return hmac.digest(key, previous + (text if isinstance(text, bytes) else text.encode()), "sha256")


def as_text() -> str:
    """SQL for the line `e` as one unambiguous text."""
    if connection.vendor == "postgresql":
        columns = [f"e.{name} AT TIME ZONE 'UTC'" if name == "at" else f"e.{name}" for name in _COLUMNS]
        return f"json_build_array({', '.join(columns)})::text"
    # SQLite takes anything for a text. What none of ours is, is read all the same: it was changed, and that is all.
    columns = [f"iif(typeof(e.{name}) = 'blob', 'blob', e.{name})" for name in _COLUMNS]
    return f"CAST(json_array({', '.join(columns)}) AS BLOB)"


def _unsealed(end: AuditShard, *, now: datetime) -> list[tuple[Any, Text]]:
    """Lines of a shard without a seal, oldest first. Ids begin with their time, so old ones need not be looked at."""
    reached = _written_at(end.event_id) if end.event_id else EPOCH
    statement = f"""
        SELECT e.id, {as_text()} FROM audit_event e
        WHERE e.id >= %s AND e.shard = %s AND NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.event_id = e.id)
        ORDER BY e.id LIMIT %s
    """  # noqa: S608  (our own text)
    since = id_from(max(min(reached, now) - LONGEST_TRANSACTION, EPOCH))
    with connection.cursor() as cursor:
        cursor.execute(statement, [since, end.shard, BATCH])
        return [(UUID(str(event_id)), text) for event_id, text in cursor.fetchall()]


def _written_at(event_id: UUID) -> datetime:
    return datetime.fromtimestamp((event_id.int >> 80) / 1000, tz=UTC)


def first_id_of(instant: datetime) -> UUID:
    """The lowest UUIDv7 of this millisecond."""
    return UUID(int=(int(instant.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62))


def id_from(instant: datetime) -> Any:
    """Ids of lines that were written from then on are not lower."""
    return stored_id(first_id_of(instant))


def stored_id(value: UUID) -> Any:
    return AuditSeal._meta.get_field("event_id").get_db_prep_value(value, connection)


def sign(*, now: datetime) -> AuditHead:
    """Write down and log the ends of all chains, signed with the key that signs access tokens."""
    ends = {str(end.shard): [end.sequence, bytes(end.hash).hex()] for end in AuditShard.objects.order_by("shard")}
    said = orjson.dumps({"house": settings.ORIGIN, "at": now.isoformat(timespec="seconds"), "ends": ends})
    private: Any = load_pem_private_key(settings.OAUTH2_PROVIDER["OIDC_RSA_PRIVATE_KEY"].encode(), password=None)
    head = ":".join([FORMAT, *(urlsafe_b64encode(part).decode() for part in (said, private.sign(said, *SIGNATURE)))])
    log.info("audit.head", head=head)  # the log is where a copy is kept
    return AuditHead.objects.create(at=now, head=head)


Ends = dict[str, tuple[int, str]]


def read_head(head: str) -> tuple[Ends, bool] | None:
    """The ends that it knows, place and hash by shard, and whether a key of this house has signed it.

    None for what is no head. A key that was retired signs nothing any more, and cannot be told from a stranger's.
    """
    form, _, rest = head.partition(":")
    try:
        said, signature = (urlsafe_b64decode(part) for part in rest.split(":"))
        ends = {shard: (int(place), str(sealed)) for shard, (place, sealed) in orjson.loads(said)["ends"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return (ends, _is_ours(said, signature)) if form == FORMAT else None


def _is_ours(said: bytes, signature: bytes) -> bool:
    known = settings.OAUTH2_PROVIDER
    for pem in [known["OIDC_RSA_PRIVATE_KEY"], *known["OIDC_RSA_PRIVATE_KEYS_INACTIVE"]]:
        public: Any = load_pem_private_key(pem.encode(), password=None).public_key()
        with suppress(InvalidSignature):
            public.verify(signature, said, *SIGNATURE)
            return True
    return False
