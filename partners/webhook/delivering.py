"""Deliveries on their way: taken, sent with no transaction open, and settled by their fence.

    claim    a few of each endpoint, for a lease: `claiming`
    send     in threads beside this one, several at once: `sending`
    settle   compare-and-swap on the fence, with the attempt; due again a step of LADDER later, until there is none

A worker that dies between sending and settling leaves a row whose lease ends: it is sent again under the same id.
"""

import hashlib
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from threading import Event as Flag
from threading import Lock
from typing import Any

import structlog
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Q

from movmo.kit import clock
from movmo.kit.outbound import beside
from movmo.operations import history, nudge
from partners.webhook import addresses, claiming, sending, services
from partners.webhook.events import DISABLED, EndpointDisabledEvent
from partners.webhook.models import Failure, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from partners.webhook.sending import DEADLINE, Outcome

log = structlog.get_logger()

LADDER = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long after one attempt the next one comes; as many as there are attempts."""
JITTER = 0.2
GIVEN_UP_AFTER = timedelta(days=5)
FORGIVEN_AFTER = timedelta(days=2)
"""A failure this long after the last one begins a new row of failures: in between nothing was tried."""
AT_ONCE = 16
SHIFT = 10.0
"""For how many seconds one call takes new deliveries: other work of the workers has its turn, too."""
TICK = 0.2

_on_duty = Lock()
_asked = Flag()


def deliver_due() -> None:
    """Send what is due until nothing is, or for SHIFT, and settle it.

    One thread of a process takes; who comes meanwhile is heard. What a shift still waits for when it ends, a slow
    endpoint's for one, does not keep the next one from beginning.
    """
    _asked.set()
    while _asked.is_set() and _on_duty.acquire(blocking=False):
        shift = _Shift()
        try:
            if not _is_all_taken(shift):
                nudge.say(services.QUEUE)
        finally:
            shift.finish()  # also when there was no more to be taken because the database went away: some is out


def _is_all_taken(shift: "_Shift") -> bool:
    try:
        _asked.clear()
        return shift.work()
    finally:
        _on_duty.release()


@dataclass(frozen=True, slots=True)
class _Flight:
    delivery: WebhookDelivery
    began: datetime
    ends: float


class _Shift:
    """What one worker has under way."""

    def __init__(self) -> None:
        self._flights: dict[Future[Outcome], _Flight] = {}

    def work(self) -> bool:
        """Whether nothing was left to take when it ended."""
        ends = time.monotonic() + SHIFT
        while time.monotonic() < ends:
            self._depart()
            if not self._flights:
                return True
            self._land()
        return False

    def finish(self) -> None:
        while self._flights:
            self._land()

    def _depart(self) -> None:
        free = AT_ONCE - len(self._flights)
        held = Counter(flight.delivery.endpoint.partner_id for flight in self._flights.values())
        for delivery in claiming.claim(most=free, now=clock.now(), held=held) if free else []:
            now = clock.now()
            work = partial(sending.send, delivery, addresses.outbound())
            flight = _Flight(delivery, now, time.monotonic() + DEADLINE + 1)
            self._flights[beside(work, name="webhook")] = flight

    def _land(self) -> None:
        """Settle what has come back, and what has not in its time: a name may be looked up for minutes."""
        landed = wait(self._flights, timeout=TICK, return_when=FIRST_COMPLETED).done
        late = {future for future, flight in self._flights.items() if flight.ends < time.monotonic()}
        for future in landed | late:
            flight = self._flights[future]
            outcome = future.result() if future in landed else _overdue(flight)
            if _is_settled(flight, outcome):
                del self._flights[future]


def _is_settled(flight: _Flight, outcome: Outcome) -> bool:
    """False where the database has to be asked once more: somebody holds a lock, or it is away for a moment. What was
    sent is not forgotten for that before its lease ends; then it is anybody's, and sent again.
    """
    try:
        settle(flight.delivery, outcome, now=clock.now())
    except (OperationalError, InterfaceError) as failure:
        log.warning("webhook.not_settled", delivery_id=str(flight.delivery.pk), error=type(failure).__name__)
        connection.close_if_unusable_or_obsolete()
        time.sleep(TICK)
        return time.monotonic() > flight.ends + claiming.LEASE.total_seconds()
    except IntegrityError:
        # The event was forgotten meanwhile, or the commit before had come through and only its answer was lost.
        log.warning("webhook.nothing_to_settle", delivery_id=str(flight.delivery.pk))
    return True


def _overdue(flight: _Flight) -> Outcome:
    return Outcome(flight.began, round((DEADLINE + 1) * 1_000), Failure.TIMEOUT)


def settle(delivery: WebhookDelivery, outcome: Outcome, *, now: datetime) -> None:
    """Write down what became of an attempt. Where the lease ended and another worker has it, only the attempt."""
    attempt = WebhookAttempt(
        delivery=delivery,
        number=delivery.fence,
        at=outcome.at,
        status=outcome.status,
        failure=outcome.failure,
        duration_ms=outcome.duration_ms,
    )
    with transaction.atomic(durable=True):
        attempt.save(force_insert=True)
        mine = WebhookDelivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state="waiting")
        if _has_moved(delivery.endpoint) and outcome.failure:
            # What the address said that its partner has left is nothing about the one that is tried next.
            mine.update(**_after(delivery, replace(outcome, failure=Failure.STATUS, wait=timedelta(0)), now))
        elif mine.update(**_after(delivery, outcome, now)):
            _note_health(delivery.endpoint, outcome, now)
    if outcome.failure:
        log.info(
            "webhook.not_taken",
            delivery_id=str(delivery.pk),
            endpoint_id=str(delivery.endpoint_id),
            attempt=delivery.fence,
            status=outcome.status,
            failure=outcome.failure,
        )


def _has_moved(endpoint: WebhookEndpoint) -> bool:
    """Whether it has another address by now than the one that the attempt went to."""
    return not WebhookEndpoint.objects.filter(pk=endpoint.pk, url=endpoint.url).exists()


def _after(delivery: WebhookDelivery, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The delivery's columns once the attempt is over."""
    ended: dict[str, Any] = {"lease_until": None, "last_failure": outcome.failure}
    if not outcome.failure:
        return {**ended, "state": WebhookDelivery.State.DELIVERED, "settled_at": now}
    if delivery.tries >= len(LADDER) or outcome.failure == Failure.GONE:
        return {**ended, "state": WebhookDelivery.State.FAILED, "settled_at": now}
    return {**ended, "due_at": now + max(pause(delivery), outcome.wait)}


def pause(delivery: WebhookDelivery) -> timedelta:
    """Until the next attempt: the ladder's step and up to JITTER of it more, always the same for this attempt."""
    drawn = hashlib.sha256(delivery.pk.bytes + bytes([delivery.tries])).digest()[0] / 255
    return LADDER[delivery.tries] * (1 + JITTER * drawn)


def _note_health(endpoint: WebhookEndpoint, outcome: Outcome, now: datetime) -> None:
    row = WebhookEndpoint.objects.filter(pk=endpoint.pk, url=endpoint.url)
    if not outcome.failure:
        row.exclude(failing_since=None).update(failing_since=None)
        return
    if outcome.failure == Failure.OURS:
        return
    row.filter(Q(failing_since=None) | Q(failed_at__lt=now - FORGIVEN_AFTER)).update(failing_since=outcome.at)
    row.update(failed_at=now)
    if outcome.failure == Failure.GONE:
        _switch_off(endpoint, WebhookEndpoint.Reason.GONE, Q(), now)
    else:
        _switch_off(endpoint, WebhookEndpoint.Reason.FAILING, Q(failing_since__lte=now - GIVEN_UP_AFTER), now)


def _switch_off(endpoint: WebhookEndpoint, reason: WebhookEndpoint.Reason, when: Q, now: datetime) -> None:
    """Once: whoever changes the row tells of it, in the same transaction."""
    row = WebhookEndpoint.objects.filter(when, pk=endpoint.pk, url=endpoint.url, state=WebhookEndpoint.State.ENABLED)
    if row.update(state=WebhookEndpoint.State.DISABLED, disabled_reason=reason, disabled_at=now):
        history.changed(endpoint)
        services.tell(endpoint, DISABLED, EndpointDisabledEvent(endpoint_id=endpoint.pk, reason=reason), at=now)
        log.warning("webhook.endpoint_disabled", endpoint_id=str(endpoint.pk), reason=reason)
