"""Asking providers what they sold: one UTC day at a time, once it is over.

pull_owed  each night, of each of them: the days that are owed (see `owing`)
pull       one day of one of them, whoever asks
pull_now   a person's word: days of one of them, at once
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import BinaryIO

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from bookings.providers import registry
from bookings.providers.errors import ProviderFailure
from bookings.providers.port import Provider
from bookings.reconciliation import services
from bookings.reconciliation.lock.queries import check_days_unlocked
from bookings.reconciliation.models import Statement, Stream
from bookings.reconciliation.pull import owing, writing
from bookings.reconciliation.pull.models import PulledDay
from bookings.reconciliation.pull.refusals import (
    PullDaysInvalid,
    PullUnanswered,
    PullUnderWay,
    StatementsUnsupported,
)
from bookings.reconciliation.refusals import PeriodLocked
from bookings.reconciliation.resolution import trail
from bookings.reconciliation.resolution.schemas import By
from bookings.reconciliation.services import Kept, Sender
from bookings.reconciliation.states import StatementState
from movmo.kit.errors import DomainError

log = structlog.get_logger()

MOST_DAYS_BY_HAND = 7
"""Whoever asks waits for them."""
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Pulled:
    """`new` came in, or is read anew; `known` the provider told as it had before."""

    new: list[Statement]
    known: list[Statement]


def tellers() -> list[str]:
    """The providers that tell what they sold."""
    every = (provider.capabilities for provider in registry.all_providers())
    return [capabilities.provider for capabilities in every if capabilities.statements]


def _today(clock: Clock) -> date:
    return clock().astimezone(UTC).date()


def pull_owed(name: str, *, clock: Clock) -> list[Statement]:
    """The days that are owed. One that does not answer is left for the next night, a day that is locked is passed over,
    and one that is of no use is told in the log. Whoever has no time left stops: what is owed stays so.
    """
    pulled, today = [], _today(clock)
    owing.note(name, today=today)
    for day in owing.due(name, today=today):
        try:
            pulled += pull(name, day, clock=clock)
        except (PeriodLocked, PullUnderWay):
            continue
        except ProviderFailure as failure:
            log.warning("reconciliation.not_pulled", provider=name, day=day.isoformat(), detail=str(failure)[:200])
            break
        except SoftTimeLimitExceeded:
            log.error("reconciliation.not_pulled", provider=name, day=day.isoformat(), detail="no time was left")
            break
        except Exception:
            log.exception("reconciliation.not_pulled", provider=name, day=day.isoformat())
    return pulled


def pull(name: str, day: date, *, clock: Clock) -> list[Statement]:
    """Those statements of the day that were not there yet. No transaction is open while the provider is asked.

    Raises StatementsUnsupported, PeriodLocked, PullUnderWay, or the provider's failure.
    """
    provider = _who_tells(name)
    check_days_unlocked(name, day, day, partner_id=None)
    return _pulled(provider, day, by=None, again=False, clock=clock)


def pull_now(name: str, starts_on: date, ends_on: date, *, by: By | None, clock: Clock, again: bool = False) -> Pulled:
    """Those statements of these days that are not there yet; `again`: also those that are, and what the provider tells
    otherwise by now is a statement of its own, which corrects the earlier one. The same bytes are the same statement.

    Days before one that fails are kept. Raises StatementsUnsupported, PullDaysInvalid, PeriodLocked, PullUnderWay,
    PullUnanswered, or what `services.receive` does.
    """
    provider, asked_at, today = _who_tells(name), clock(), _today(clock)
    _check_days(starts_on, ends_on, today=today)
    check_days_unlocked(name, starts_on, ends_on, partner_id=None)
    owing.note(name, today=today)
    told = []
    for ago in range((ends_on - starts_on).days + 1):
        day = starts_on + timedelta(days=ago)
        try:
            told += _pulled(provider, day, by=by or By(), again=again, clock=clock)
        except ProviderFailure as failure:
            log.warning("reconciliation.not_pulled", provider=name, day=day.isoformat(), detail=str(failure)[:200])
            raise PullUnanswered(provider=name, day=day.isoformat()) from None
    is_new = [one.updated_at >= asked_at for one in told]
    return Pulled(
        new=[one for one, new in zip(told, is_new, strict=True) if new],
        known=[one for one, new in zip(told, is_new, strict=True) if not new],
    )


def _who_tells(name: str) -> Provider:
    provider = registry.provider(name)
    if not provider.capabilities.statements:
        raise StatementsUnsupported(provider=name)
    return provider


def _check_days(starts_on: date, ends_on: date, *, today: date) -> None:
    reason = ""
    if starts_on > ends_on:
        reason = "the last day is before the first"
    elif ends_on >= today:
        reason = f"{max(starts_on, today)} is not over"
    elif (ends_on - starts_on).days >= MOST_DAYS_BY_HAND:
        reason = "these are too many days at once"
    if reason:
        raise PullDaysInvalid(
            starts_on=starts_on.isoformat(), ends_on=ends_on.isoformat(), reason=reason, most_days=MOST_DAYS_BY_HAND
        )


def _pulled(provider: Provider, day: date, *, by: By | None, again: bool, clock: Clock) -> list[Statement]:
    """Whoever has claimed the day asks. `by` empty: the nightly pull."""
    name = provider.capabilities.provider
    row = owing.claim(name, day, now=clock())
    if row is None:
        raise PullUnderWay(provider=name, day=day.isoformat())
    if by is None:
        return _of_day(provider, row, by=None, again=again, clock=clock)
    about = {"provider": name, "day": day.isoformat(), "again": again}
    with trail.intended("pull_statements", by=by, resource_id=row.pk, **about) as outcome:
        told = _of_day(provider, row, by=by, again=again, clock=clock)
        outcome["statements"] = [str(one.pk) for one in told]
    return told


def _of_day(provider: Provider, row: PulledDay, *, by: By | None, again: bool, clock: Clock) -> list[Statement]:
    try:
        streams = [stream for stream in Stream if again or not _is_there(row, stream)]
        told = [_received(provider, stream, row, by=by, clock=clock) for stream in streams]
    except BaseException as failure:
        owing.failed(row, _problem(failure), now=clock())
        raise
    owing.done(row, now=clock())
    return told


def _problem(failure: BaseException) -> str:
    """For staff. Of a fault of ours its name alone: what it says may be anything, and the log has it."""
    if isinstance(failure, ProviderFailure):
        return f"{type(failure).__name__}: {failure.detail}"
    if isinstance(failure, DomainError):
        return failure.text
    return f"A fault of Movmo, which its log tells: {type(failure).__name__}."


def _is_there(row: PulledDay, stream: Stream) -> bool:
    of_the_day = Statement.objects.filter(
        provider=row.provider, stream=stream, period_start=row.day, period_end=row.day
    )
    return of_the_day.filter(source=Statement.Source.PULL).exclude(state=StatementState.REFUSED).exists()


def _received(provider: Provider, stream: Stream, row: PulledDay, *, by: By | None, clock: Clock) -> Statement:
    """Raises PullUnderWay where the provider took so long that somebody else asks by now: theirs is the newer answer,
    and this one would pass for its correction.
    """
    name, day = row.provider, row.day
    about = Kept(file_name=f"{name}-{stream}-{day}.csv", period_start=day, period_end=day, stream=stream)
    # A clerk's word reads anew what was refused before (`resending`); the night's does not.
    sender = Sender(provider=name, user_id=by.user_id if by else None, source=Statement.Source.PULL)
    taken = services.take(_asked(provider, stream, day, clock=clock), about, by=sender, auto_accept=True)
    with transaction.atomic():
        if not owing.hold(row):
            raise PullUnderWay(provider=name, day=day.isoformat())
        return services.write_down(taken, now=clock())


def _asked(provider: Provider, stream: Stream, day: date, *, clock: Clock) -> BinaryIO:
    if stream is Stream.ORDERS:
        return writing.orders(provider.list_orders(day, now=clock()), day)
    return writing.settlement(provider.statement(day), day)
