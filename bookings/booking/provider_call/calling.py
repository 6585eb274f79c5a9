"""The one way to a provider about a booking: the adapter, with a line left for each call to it.

A line is written as soon as the provider has answered or failed, by itself, before anything is done with the answer: no
transaction is open then, and none may be. A line that cannot be written is no reason to lose an answer.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast

import structlog
from django.db import Error as DatabaseTrouble

from bookings.booking.models import Booking
from bookings.booking.provider_call import bodies
from bookings.booking.provider_call.models import ProviderCall
from bookings.providers import registry
from bookings.providers.errors import ProviderFailure, Rejected, Unavailable
from bookings.providers.port import Provider
from movmo.kit import clock

log = structlog.get_logger()
T = TypeVar("T")
P = ParamSpec("P")
Outcome = ProviderCall.Outcome

_cause: ContextVar[str] = ContextVar("cause_of_provider_calls", default="")


@contextmanager
def caused_by(request_id: str) -> Iterator[None]:
    """The calls made inside belong to this request; threads that it is handed to know it as well."""
    token = _cause.set(request_id)
    try:
        yield
    finally:
        _cause.reset(token)


def provider_of(booking: Booking) -> Provider:
    """Raises ProviderUnknown."""
    return cast(Provider, _Recorded(registry.provider(booking.provider), booking))


def recorded(booking: Booking, operation: str, request: dict[str, Any], call: Callable[[], T]) -> T:
    """What the call returns or raises. `request` is written down as it is."""
    at, begun = clock.now(), time.perf_counter()
    line = partial(_write, booking, operation, request, at=at, begun=begun)
    try:
        answer = call()
    except ProviderFailure as failure:
        refusal = failure.refusal if isinstance(failure, Rejected) else ""
        line(outcome=_outcome_of(failure), refusal=refusal, response=bodies.of_failure(failure))
        raise
    except Exception:
        line(outcome=Outcome.UNKNOWN)
        raise
    line(outcome=Outcome.OK, response=bodies.of_answer(answer))
    return answer


class _Recorded:
    """A provider, as it is; only that its calls about a booking leave lines."""

    def __init__(self, provider: Provider, booking: Booking) -> None:
        self._provider = provider
        self._booking = booking

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._provider, name)
        return partial(self._call, name, method) if name in bodies.REQUESTS else method

    def _call(self, name: str, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        asked = {key: value for key, value in kwargs.items() if key != "now"}
        return recorded(self._booking, name, bodies.REQUESTS[name](*args, **asked), partial(method, *args, **kwargs))


def _outcome_of(failure: ProviderFailure) -> Outcome:
    if isinstance(failure, Rejected):
        return Outcome.REJECTED
    return Outcome.UNAVAILABLE if isinstance(failure, Unavailable) else Outcome.UNKNOWN


def _write(booking: Booking, operation: str, request: dict[str, Any], *, begun: float, **told: Any) -> None:
    took = round((time.perf_counter() - begun) * 1000)
    try:
        ProviderCall.objects.create(
            booking=booking,
            provider=booking.provider,
            operation=operation,
            request=request,
            duration_ms=took,
            correlation=_cause.get()[:64],
            **told,
        )
    except DatabaseTrouble:
        log.exception("provider_call.not_recorded", booking_id=str(booking.pk), operation=operation)
