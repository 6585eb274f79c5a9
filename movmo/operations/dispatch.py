"""The one pipeline. Every door ends here, and no door holds a rule of its own.

    authorize scope → rate limit → parse → audit intent → idempotency (a replay ends here) → handler → approval
    → audit outcome

A local write commits its idempotency record, its change and its audit outcome in one transaction. A saga commits its
record and its reservation first, then goes on with no transaction open. The approval of what an agent cannot undo is
consumed in the transaction that inserts the record, when the handler has written its part: what the person is asked is
what would be committed, only what the rules allow is asked at all, and without their word all of it is rolled back.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog
from django.db import Error, OperationalError, transaction

from movmo.kit import clock
from movmo.kit.errors import DomainError, Internal, Kind
from movmo.kit.limiter.gcra import Outcome
from movmo.operations import arguments, audit, idempotency, limits, registry, scopes, usage
from movmo.operations.approval import step as approvals
from movmo.operations.approval.step import Unapproved
from movmo.operations.audit import Trail
from movmo.operations.context import Caller, Context, Report, Request, View, to_nobody
from movmo.operations.idempotency import AlreadyClaimed, Claim
from movmo.operations.models import IdempotencyRecord
from movmo.operations.spec import Operation

log = structlog.get_logger()

ACCEPTED = 202
TURNED_AWAY = (limits.RateLimited, limits.ToolRateLimited, limits.QuotaExhausted, scopes.OperationNotInPlan)
LOCK_PHRASES = ("database is locked", "lock timeout", "deadlock detected")


class Contended(DomainError):
    """A lock was not to be had in time."""

    kind = Kind.CONFLICT
    code = "contended"
    message = "Another call holds what this one needs."
    hint = "Repeat the same call after `Retry-After` seconds, a write with the same idempotency key."
    retryable = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door renders. `status` is the first answer's, `view` is current, `limits` what the caller has left."""

    view: View
    status: int
    replayed: bool = False
    limits: Outcome | None = None


def dispatch(
    operation: Operation,
    caller: Caller,
    raw_arguments: Mapping[str, Any],
    idempotency_key: str | None = None,
    *,
    report: Report = to_nobody,
) -> Answer:
    """Run the operation for the caller. Raises DomainError and nothing else; a replayed one has `replayed` set."""
    trail = Trail(operation, caller)
    spent: Outcome | None = None
    try:
        spent = _admit(operation, caller)
        answer = _run(operation, caller, raw_arguments, idempotency_key, trail, report)
    except DomainError as refusal:
        refusal.limits = refusal.limits or spent
        _note(trail, operation, caller, refusal)
        raise
    except Exception as failure:
        ours = _ours(failure, operation, caller)
        ours.limits = spent
        _note(trail, operation, caller, ours)
        raise ours from failure
    return replace(answer, limits=spent)


def refuse(operation: Operation, caller: Caller, refusal: DomainError) -> None:
    """Count and write down a refusal that a door had to make before dispatch. Raises RateLimited."""
    refusal.limits = limits.spend_on_refusal(caller)
    _note(Trail(operation, caller), operation, caller, refusal)


def refuse_unknown(name: str, caller: Caller, refusal: DomainError) -> None:
    """Count and write down a call of something that there is not. Raises RateLimited."""
    refusal.limits = limits.spend_on_refusal(caller)
    if limits.may_leave_a_line(caller):
        audit.unknown(name, caller, refusal)


def _is_contention(failure: Exception) -> bool:
    return isinstance(failure, OperationalError) and any(phrase in str(failure) for phrase in LOCK_PHRASES)


@contextmanager
def waiting_for_locks() -> Iterator[None]:
    """Beside the pipeline a door has rows of its own: a lock on them that is not to be had in time is told as one in
    there. Raises Contended."""
    try:
        yield
    except OperationalError as failure:
        if not _is_contention(failure):
            raise
        raise Contended(retry_after=1) from failure


def _ours(failure: Exception, operation: Operation, caller: Caller) -> DomainError:
    """What a caller hears of a failure on our side: nothing of its detail."""
    if _is_contention(failure):
        return Contended(retry_after=1)
    log.exception("operation.crashed", operation=operation.name, request_id=caller.request_id)
    return Internal()


def _note(trail: Trail, operation: Operation, caller: Caller, refusal: DomainError) -> None:
    """Write a refusal down. One whose line cannot be written is still that refusal; the log has it then.

    A call without valid credentials names nobody, and a flood of refused calls must not become a flood of writes.
    """
    if refusal.kind is Kind.UNAUTHENTICATED or not limits.may_leave_a_line(caller):
        log.info("operation.refused", operation=operation.name, code=refusal.code, request_id=caller.request_id)
        return
    try:
        trail.refused(refusal)
    except Error:
        log.exception("audit.lost", code=refusal.code)


def _admit(operation: Operation, caller: Caller) -> Outcome:
    """The steps before a call is read, and the line that they leave in the partner's usage book."""
    partner_id = caller.counted_for
    try:
        spent = _authorize_and_spend(operation, caller)
    except TURNED_AWAY:
        if partner_id is not None:
            usage.refused(partner_id, operation.name)
        raise
    if partner_id is not None:
        usage.admitted(partner_id, operation.name)
    return spent


def _authorize_and_spend(operation: Operation, caller: Caller) -> Outcome:
    try:
        scopes.authorize(operation, caller)
    except DomainError as refusal:
        refusal.limits = limits.spend_on_refusal(caller)
        raise
    return limits.spend(operation, caller)


def _run(
    operation: Operation, caller: Caller, raw: Mapping[str, Any], header_key: str | None, trail: Trail, report: Report
) -> Answer:
    request, key = arguments.parse(operation, caller, raw, header_key)
    trail.parsed(request)
    ctx = Context(caller=caller, now=clock.now(), clock=clock.now, report=report)
    if operation.is_read:
        view = operation.handler(ctx, request)
        trail.done()
        return Answer(view, operation.rest.status)
    trail.intend()
    write = _Write(operation, ctx, request, trail)
    if key is None or caller.owner_id is None:
        if approvals.is_needed(operation, caller):  # without a key there is nothing that an approval could be tied to
            raise arguments.IdempotencyKeyMissing
        return write.without_key()
    is_live = caller.is_live_key if caller.user_id is None else None
    claim = Claim.of(operation, caller.owner_id, key, request, is_live=is_live)
    try:
        return write.first(claim)
    except AlreadyClaimed:
        return write.replay(idempotency.find(claim))
    except Unapproved as unapproved:
        refusal = approvals.ask(claim, ctx, unapproved.proposal)
        if "approval_id" in refusal.facts:
            trail.approved_by(UUID(refusal.facts["approval_id"]))
        raise refusal from None


class _Write:
    """One write, in its three ways to run: without a key, as the first of its key, as a replay."""

    def __init__(self, operation: Operation, ctx: Context, request: Request, trail: Trail) -> None:
        self._operation = operation
        self._ctx = ctx
        self._request = request
        self._trail = trail

    def without_key(self) -> Answer:
        asked = self._asked()
        with transaction.atomic(durable=True):
            view = self._operation.handler(self._ctx, self._request, *asked)
            self._trail.about(self._ctx.resource_id)
            self._trail.done()
        return Answer(view, self._operation.rest.status)

    def first(self, claim: Claim) -> Answer:
        if self._operation.is_saga:
            return self._first_of_saga(claim)
        if self._operation.ask is not None and idempotency.is_claimed(claim):
            raise AlreadyClaimed  # a replay asks nobody
        asked = self._asked()
        with transaction.atomic(durable=True):
            record = idempotency.insert(claim, self._ctx)
            view = self._operation.handler(self._ctx, self._request, *asked)
            self._take_approval(claim)
            reference = self._reference(view)
            status = self._operation.rest.status
            idempotency.settle(record, status=status, reference=reference, body=None if reference else view)
            self._trail.about(self._ctx.resource_id)
            self._trail.done()
        return Answer(view, status)

    def _asked(self) -> tuple[Any, ...]:
        """What a provider was asked before anything is written; nothing for most operations."""
        return (self._operation.ask(self._ctx, self._request),) if self._operation.ask is not None else ()

    def _take_approval(self, claim: Claim) -> None:
        """Raises Unapproved."""
        if approvals.is_needed(self._operation, self._ctx.caller):
            assert self._operation.propose is not None, "checks refuse an irreversible tool without it"
            proposal = self._operation.propose(self._ctx, self._request)
            self._trail.approved_by(approvals.take(claim, self._ctx, proposal))

    def _first_of_saga(self, claim: Claim) -> Answer:
        with transaction.atomic(durable=True):
            record = idempotency.insert(claim, self._ctx)
            self._operation.handler(self._ctx, self._request)
            self._take_approval(claim)
        return self._advance(record, replayed=False)

    def replay(self, record: IdempotencyRecord) -> Answer:
        if self._operation.is_saga:
            return self._advance(record, replayed=True)
        self._trail.about(record.resource_id)
        self._trail.done()
        return Answer(self._told_again(record), record.status or self._operation.rest.status, replayed=True)

    def _advance(self, record: IdempotencyRecord, *, replayed: bool) -> Answer:
        """Drive the saga as far as it goes. Safe to repeat: after a crash the replay takes it up where it stood."""
        assert self._operation.advance is not None
        self._trail.about(record.resource_id)
        try:
            view = self._operation.advance(self._ctx, record.resource_id)
            status = ACCEPTED if view.is_undecided() else self._operation.rest.status
            with transaction.atomic(durable=True):
                status = idempotency.settle_first(record, status=status)
                self._trail.done()
        except DomainError as refusal:
            # A FORBIDDEN refusal is about who calls: it is not what became of the call that is being repeated.
            is_final = not refusal.retryable and refusal.kind is not Kind.FORBIDDEN
            if is_final:
                idempotency.settle_refused(record)
            refusal.replayed = replayed and is_final
            raise
        except OperationalError as failure:
            if not _is_contention(failure):
                raise
            # The first transaction has committed: this is no longer a call that changed nothing.
            raise idempotency.IdempotencyInProgress(retry_after=1) from failure
        return Answer(view, status, replayed=replayed)

    def _reference(self, view: View) -> dict[str, Any] | None:
        """The arguments of the read that can tell this write's answer again, or None when no read can."""
        reader = registry.reader_of(self._operation.resource)
        if reader is None:
            return None
        named = {**self._request.model_dump(mode="json"), **view.model_dump(mode="json")}
        return {name: named[name] for name, field in reader.request_model.model_fields.items() if field.is_required()}

    def _told_again(self, record: IdempotencyRecord) -> View:
        reader = registry.reader_of(self._operation.resource)
        if record.reference is None or reader is None:
            return self._operation.result_model.model_validate(idempotency.stored_body(record))
        view: View = reader.handler(self._ctx, reader.request_model.model_validate(record.reference))
        return view
