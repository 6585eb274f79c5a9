"""Asking every provider for offers at once, with no transaction open. Who cannot answer is named and stops nobody."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from django.conf import settings

from bookings.providers.errors import ProviderFailure
from bookings.providers.port import Provider
from bookings.providers.transport import refuse_in_transaction
from bookings.providers.types import ParsedOffer, SearchQuery
from movmo.kit.threads import DatabaseThreads, with_fresh_connections
from movmo.operations.context import Context

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """`offers` is None for a provider that could not answer."""

    provider: str
    offers: list[ParsedOffer] | None


def ask_all(ctx: Context, providers: Sequence[Provider], query: SearchQuery) -> list[Answer]:
    """Their answers by name, reported one by one as they come."""
    refuse_in_transaction()  # of this thread; those that ask have none
    answers: list[Answer] = []
    _report(ctx, answers, of=len(providers))
    for answer in _asked([partial(_ask, provider, query, ctx.now) for provider in providers]):
        answers.append(answer)
        _report(ctx, answers, of=len(providers))
    return sorted(answers, key=lambda answer: answer.provider)


def _report(ctx: Context, answers: list[Answer], *, of: int) -> None:
    answered = sum(answer.offers is not None for answer in answers)
    ctx.report(len(answers), of, f"{answered} of {of} providers answered")


def _asked(asks: list[Callable[[], Answer]]) -> Iterator[Answer]:
    """Whoever answers first comes first. The threads live as long as the search: few searches wait for many.

    Where calls wait for their airline in their own thread (MOVMO_WAIT_SECONDS = 0), one after the other is asked.
    """
    if len(asks) < 2 or not settings.MOVMO_WAIT_SECONDS:
        yield from (ask() for ask in asks)
        return
    threads = DatabaseThreads("search", len(asks))
    try:
        begun = [threads.begin(partial(with_fresh_connections, ask)) for ask in asks]
        yield from (done.result() for done in as_completed(begun))
    finally:
        threads.close()


def _ask(provider: Provider, query: SearchQuery, now: datetime) -> Answer:
    name = provider.capabilities.provider
    try:
        return Answer(name, provider.search(query, now=now))
    except ProviderFailure as failure:
        log.warning("search.failed", provider=name, detail=failure.detail)
        return Answer(name, None)
