"""The idempotency step: one record for each key of an owner, inserted first, so that the constraint arbitrates.

A local write's record, with the body where no read can tell it again, is kept for RETENTION. A saga's is kept for as
long as what it made: no key of a booking is ever free again, and its replay tells what became of the booking since.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.db import IntegrityError

from movmo.kit.errors import DomainError, Kind
from movmo.operations.context import Context, Request, View
from movmo.operations.models import IdempotencyRecord

if TYPE_CHECKING:
    from movmo.operations.spec import Operation

RETENTION = timedelta(days=30)
BATCH = 1_000


class IdempotencyKeyReused(DomainError):
    kind = Kind.RULE
    code = "idempotency_key_reused"
    message = "This idempotency key was used for another request."
    hint = "Use a new key for a new intention; repeat the very same request to get its answer again."


class IdempotencyInProgress(DomainError):
    kind = Kind.CONFLICT
    code = "idempotency_in_progress"
    message = "The first call with this idempotency key is still running."
    hint = "Repeat the same call with the same key after `Retry-After` seconds; it will answer with the first outcome."
    retryable = True


class AlreadyClaimed(Exception):
    """Another call was first with this key; its record tells how it went."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A key as its owner means it: the same key with another fingerprint is a mistake."""

    owner_id: UUID
    key_hash: bytes
    operation: str
    fingerprint: bytes
    is_saga: bool

    @classmethod
    def of(
        cls, operation: Operation, owner_id: UUID, key: str, request: Request, *, is_live: bool | None = None
    ) -> Claim:
        """`is_live` is the mode of a partner's own call: what its test keys made is not told to its live ones."""
        # Without defaults: a field that a later release adds must not make a retry look like another request.
        canonical = orjson.dumps(request.model_dump(mode="json", exclude_defaults=True), option=orjson.OPT_SORT_KEYS)
        mode = "" if is_live is None else f" live={is_live}"
        return cls(
            owner_id=owner_id,
            key_hash=_hash(key),
            operation=operation.name,
            fingerprint=hashlib.sha256(f"{operation.name}{mode}\n".encode() + canonical).digest(),
            is_saga=operation.is_saga,
        )


def insert(claim: Claim, ctx: Context) -> IdempotencyRecord:
    """Claim the key. The first statement of its transaction: AlreadyClaimed rolls nothing else back."""
    record = IdempotencyRecord(
        owner_id=claim.owner_id,
        key_hash=claim.key_hash,
        operation=claim.operation,
        fingerprint=claim.fingerprint,
        resource_id=ctx.resource_id,
        created_at=ctx.now,
        expires_at=None if claim.is_saga else ctx.now + RETENTION,
    )
    try:
        record.save(force_insert=True)
    except IntegrityError:
        raise AlreadyClaimed from None
    return record


def is_claimed(claim: Claim) -> bool:
    """A glance before work that a replay need not do; the insert decides."""
    return IdempotencyRecord.objects.filter(owner_id=claim.owner_id, key_hash=claim.key_hash).exists()


def find(claim: Claim) -> IdempotencyRecord:
    """The record of a claimed key. Raises IdempotencyKeyReused; IdempotencyInProgress if it vanished meanwhile."""
    record = IdempotencyRecord.objects.filter(owner_id=claim.owner_id, key_hash=claim.key_hash).first()
    if record is None:  # the first call was rolled back between its insert and our look
        raise IdempotencyInProgress(retry_after=1)
    if bytes(record.fingerprint) != claim.fingerprint:
        raise IdempotencyKeyReused
    return record


def made_with(key: str, *, owner_id: UUID) -> UUID | None:
    """The id of what the call with this key has made, or is making; None if no such call has committed anything."""
    made = IdempotencyRecord.objects.filter(owner_id=owner_id, key_hash=_hash(key))
    return made.values_list("resource_id", flat=True).first()


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def settle(record: IdempotencyRecord, *, status: int, reference: dict[str, Any] | None, body: View | None) -> None:
    """Note the first status, and how to tell the answer again: by reference to a resource, or the body itself."""
    record.outcome = IdempotencyRecord.Outcome.DONE
    record.status = status
    record.reference = reference
    if body is not None:
        record.stored = orjson.dumps(body.model_dump(mode="json"))
    record.save(update_fields=["outcome", "status", "reference", "stored"])


def settle_first(record: IdempotencyRecord, *, status: int) -> int:
    """Note a saga's first status, unless a call with the same key has told one already. Returns the one that counts.

    The record is gone when its owner's account was deleted while the saga went on.
    """
    mine = IdempotencyRecord.objects.filter(pk=record.pk)
    if record.outcome is None and not mine.filter(outcome=None).update(
        outcome=IdempotencyRecord.Outcome.DONE, status=status
    ):
        return mine.values_list("status", flat=True).first() or status
    return record.status or status


def settle_refused(record: IdempotencyRecord) -> None:
    """Note that a saga was refused. What it was refused for stands in the row that it made, and is told from there."""
    unsettled = IdempotencyRecord.objects.filter(pk=record.pk, outcome=None)
    unsettled.update(outcome=IdempotencyRecord.Outcome.REFUSED)


def stored_body(record: IdempotencyRecord) -> Any:
    """What `settle` kept. The record must have kept something."""
    return orjson.loads(record.stored)


def tidy(*, now: datetime) -> int:
    """Forget the keys of local writes whose time is over, a batch at a time. Returns how many."""
    forgotten = 0
    while True:
        over = IdempotencyRecord.objects.filter(expires_at__lte=now).values("pk")[:BATCH]
        count, _ = IdempotencyRecord.objects.filter(pk__in=list(over.values_list("pk", flat=True))).delete()
        forgotten += count
        if count < BATCH:
            return forgotten
