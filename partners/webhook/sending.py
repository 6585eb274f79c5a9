"""One attempt: a signed request, and what became of it. The network part: it reads no rows and writes none."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

import orjson
import structlog

from movmo.kit import clock
from movmo.kit.outbound import Answer, CallFailed, Outbound, Target
from movmo.operations import events
from partners.webhook import addresses, signing
from partners.webhook.addresses import WebhookUrlRefused
from partners.webhook.models import Failure, WebhookDelivery

log = structlog.get_logger()

DEADLINE = 15.0
LARGEST_ANSWER = 8_192
LONGEST_WAIT = timedelta(hours=24)
"""The most that a `Retry-After` puts off the next attempt."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent, whole, before anything of it is. `secrets`: the current one, and before it ends the old one."""

    id: UUID
    url: str
    body: bytes
    secrets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`failure` is empty for a success; `wait` is what the receiver asked for."""

    at: datetime
    duration_ms: int
    failure: str = ""
    status: int | None = None
    wait: timedelta = timedelta(0)


def letter(delivery: WebhookDelivery, *, now: datetime) -> Letter:
    """The event as list_events_v2 tells it, the same to the byte every time."""
    endpoint = delivery.endpoint
    secrets = [endpoint.secret]
    if endpoint.old_secret is not None and endpoint.old_secret_until and endpoint.old_secret_until > now:
        secrets.append(endpoint.old_secret)
    return Letter(delivery.event_id, endpoint.url, orjson.dumps(events.as_told(delivery.event)), tuple(secrets))


def send(delivery: WebhookDelivery, outbound: Outbound) -> Outcome:
    """After DEADLINE at the latest, but for a name that is looked up for longer. The delivery has its endpoint and its
    event with it: nothing is read here.
    """
    at, began = clock.now(), time.monotonic()
    try:
        sent = letter(delivery, now=at)
        target = addresses.target_of(sent.url)
        answer = outbound.call(target, _request(sent, target, at), seconds=DEADLINE, largest=LARGEST_ANSWER)
        return Outcome(at, _since(began), _failure_of(answer.status), answer.status, _wait(answer, at))
    except CallFailed as failure:
        return Outcome(at, _since(began), failure.failure)
    except WebhookUrlRefused:  # the rules, or the setting for loopback, have changed since it was registered
        return Outcome(at, _since(began), Failure.REFUSED_ADDRESS)
    except Exception:
        # A fault of ours with one letter: it is tried again, and the others of this shift go on.
        log.exception("webhook.send_crashed", delivery_id=str(delivery.pk))
        return Outcome(at, _since(began), Failure.OURS)


def _request(letter: Letter, target: Target, at: datetime) -> bytes:
    headers = {
        "Host": target.host,
        "Content-Type": "application/json",
        "Content-Length": str(len(letter.body)),
        "User-Agent": "Movmo-Webhooks/1",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **signing.headers(id_=str(letter.id), timestamp=int(at.timestamp()), body=letter.body, secrets=letter.secrets),
    }
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + letter.body


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1_000)


def _failure_of(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return Failure.REDIRECT
    return Failure.GONE if status == 410 else Failure.STATUS


def _wait(answer: Answer, at: datetime) -> timedelta:
    """`Retry-After` (RFC 9110, section 10.2.3) of a refusal: seconds, or a date."""
    stated = (answer.headers.get("Retry-After") or "").strip()
    if answer.status < 300 or not stated:
        return timedelta(0)
    if re.fullmatch("[0-9]{1,9}", stated):
        return min(timedelta(seconds=int(stated)), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(stated)
    except (ValueError, OverflowError):  # the library does not mind years and hours without end
        return timedelta(0)
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(timedelta(0), min(until - at, LONGEST_WAIT))
