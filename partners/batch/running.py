"""Batches on their way: lines are taken, run through the dispatch as their caller's own calls, and settled.

A line's caller is made anew from the batch's key and the line's token: what was revoked since counts. A limit
holds the batch up and refuses no line. What a line did is kept by the record of its idempotency key, in the transaction
that did it; that it is settled is written afterwards, for many lines at once. A worker that is killed in between has
lost nothing: the line is run again, and answered from the record.
"""

import time
from collections import deque
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import orjson
from django.conf import settings

from movmo.kit import clock, http
from movmo.kit.errors import DomainError
from movmo.kit.limiter.gcra import Outcome
from movmo.operations import nudge
from movmo.operations.context import Caller
from movmo.operations.idempotency import IdempotencyInProgress
from movmo.operations.limits import QuotaExhausted, RateLimited
from partners import authentication
from partners.authentication import TokenInvalid
from partners.batch import claiming, pacing, registered
from partners.batch.claiming import Settled
from partners.batch.models import Batch, BatchLine
from partners.batch.refusals import LineGivenUp, OperationUnknown
from partners.batch.schemas import Content
from partners.batch.states import LineState

QUEUE = "batches"
SHIFT = 2.0
"""For how many seconds one call takes lines, and begins those that it took; then whatever waited meanwhile comes first.
Well within a lease."""
SHORT_REST = 1.0
"""A rest that is not longer is waited for; in a longer one the worker does something else."""
CREDENTIALS_SECONDS = 1.0
MOST_CLAIMS = 20
MET_ANOTHER = frozenset({"contended", IdempotencyInProgress.code})


class HeldUp(Exception):
    """The batch has to wait. `settled` is what became of the line that was run before that, if one was."""

    def __init__(self, code: str, seconds: float, settled: Settled | None = None) -> None:
        super().__init__(code)
        self.code, self.seconds, self.settled = code, seconds, settled


class MetAnother(Exception):
    """Another call holds what the line needs: it comes again, by itself."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def run_due() -> None:
    """Run lines until nothing is due, or for SHIFT, and then go to the back of the queue. Not beside as many workers
    as may be at batches: they come back by themselves, and one more would only make the queue longer. (Of two that look
    at the same moment both may begin; one too many ends after its turn.)
    """
    ends, in_other_hands = time.monotonic() + SHIFT, set[UUID]()
    while time.monotonic() < ends:
        if claiming.turns(now=clock.now()) >= settings.MOVMO_BATCH_WORKERS:
            return
        batch = claiming.next_batch(now=clock.now(), tried=in_other_hands)
        if batch is None:
            return
        lines = claiming.claim(batch, now=clock.now())
        if lines:
            take_turn(batch, lines)
        else:
            in_other_hands.add(batch.pk)
    nudge.say(QUEUE)


def take_turn(batch: Batch, lines: list[BatchLine]) -> None:
    """Run lines that were taken, and settle them together; give back what was not begun."""
    left, settled, credentials = deque(lines), list[Settled](), Credentials(batch)
    until = time.monotonic() + SHIFT
    try:
        while left and time.monotonic() < until:
            line = left.popleft()  # begun: one that brings the worker down keeps its lease, and is counted
            try:
                settled.append(_run(batch, line, credentials))
            except MetAnother as met:
                claiming.put_off(line, until=clock.now() + timedelta(seconds=met.seconds))
            except HeldUp as held_up:
                if held_up.settled is not None:
                    settled.append(held_up.settled)
                else:
                    left.appendleft(line)
                claiming.wait(batch, until=clock.now() + timedelta(seconds=held_up.seconds), code=held_up.code)
                return
    finally:
        claiming.settle(batch, settled, now=clock.now())
        claiming.let_go(left, now=clock.now())


class Credentials:
    """The callers of a batch's lines, looked up again after a second: what is revoked counts from then on."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._known: dict[str | None, Caller] = {}
        self._good_until = 0.0

    def caller(self, token: str | None, *, request_id: str) -> Caller:
        """Raises DomainError."""
        if time.monotonic() > self._good_until:
            self._known, self._good_until = {}, time.monotonic() + CREDENTIALS_SECONDS
        if token not in self._known:
            key = self._batch.api_key_id
            self._known[token] = authentication.resume(api_key_id=key, bearer=token, request_id=request_id)
        return replace(self._known[token], request_id=request_id)


def _run(batch: Batch, line: BatchLine, credentials: Credentials) -> Settled:
    """Raises HeldUp or MetAnother."""
    request_id = f"{batch.pk}:{line.number}"
    try:
        if line.claims > MOST_CLAIMS:
            raise LineGivenUp(times=MOST_CLAIMS)
        if line.content is None:  # its traveler's account is gone
            raise TokenInvalid
        content = Content.model_validate_json(bytes(line.content))
        caller = credentials.caller(content.access_token, request_id=request_id)
        operation = registered.find(line.operation)
        if operation is None:  # a release took it away meanwhile
            raise OperationUnknown
        answer = registered.run(operation, caller, content.arguments, content.idempotency_key)
    except DomainError as refusal:
        return _refused(line, refusal, request_id)
    result = None if answer.status == 204 else answer.view.__pydantic_serializer__.to_json(answer.view)
    return _rested(answer.limits, Settled(line, LineState.DONE, status=answer.status, result=result))


def _refused(line: BatchLine, refusal: DomainError, request_id: str) -> Settled:
    """Raises HeldUp or MetAnother."""
    if isinstance(refusal, RateLimited | QuotaExhausted):
        raise HeldUp(refusal.code, refusal.retry_after or 1)
    if refusal.code in MET_ANOTHER and line.claims < MOST_CLAIMS:
        raise MetAnother(refusal.retry_after or 1)
    result = orjson.dumps(http.envelope(refusal, request_id))
    settled = Settled(line, LineState.REFUSED, status=http.status_of(refusal), code=refusal.code, result=result)
    return _rested(refusal.limits, settled)


def _rested(limits: Outcome | None, settled: Settled) -> Settled:
    """Raises HeldUp for a rest in which the worker does something else."""
    seconds = pacing.rest_after(limits)
    if seconds > SHORT_REST:
        raise HeldUp(RateLimited.code, seconds, settled)
    if seconds:
        time.sleep(seconds)
    return settled
