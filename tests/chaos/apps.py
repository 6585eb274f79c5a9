"""Puts the hostile airline behind the sandbox provider, shortens the waits, and sets the places of death."""

import os
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from bookings.providers.types import Capabilities

AIRLINE_PORT = "MOVMO_CHAOS_AIRLINE_PORT"
# Above the longest call that is made under it, as the real ones of 60 seconds are.
LEASE = timedelta(seconds=6)
# Above the lease, and above the longest that the hostile airline takes to make an order.
SETTLE_WINDOW = timedelta(seconds=10)
WEBHOOK_SECONDS = 2.0
LADDER = (timedelta(0), *[timedelta(seconds=1)] * 9)


class Chaos(AppConfig):
    name = "tests.chaos"

    def ready(self) -> None:
        from bookings.providers import registry
        from bookings.providers.duffel.mapping import parse_offer
        from bookings.providers.sandbox.adapter import SandboxProvider
        from tests.chaos import phases
        from tests.chaos.http_airline import HttpAirline

        class Hostile(SandboxProvider):
            @property
            def capabilities(self) -> "Capabilities":
                return replace(super().capabilities, settle_window=SETTLE_WINDOW)

        airline = HttpAirline(int(os.environ[AIRLINE_PORT]))
        registry._providers["sandbox"] = Hostile(airline=airline, parse=parse_offer)
        _shorten_the_waits()
        phases.install()


def _shorten_the_waits() -> None:
    from bookings.booking import saga, steps
    from bookings.booking.amendment import saga as amendment_saga
    from bookings.notification import letters
    from movmo.operations import outbox
    from partners.webhook import claiming, delivering, sending

    for module in (steps, saga, amendment_saga, outbox, claiming):
        _set(module, LEASE=LEASE)
    _set(steps, LOOK_UP_PAUSE=timedelta(seconds=1), LONGEST_PAUSE=timedelta(seconds=3))
    at_once = {type_: replace(letter, waits=timedelta(0)) for type_, letter in letters._OF_STATE.items()}
    _set(letters, SETTLES=timedelta(0), _OF_STATE=at_once)
    _set(delivering, LADDER=LADDER, DEADLINE=WEBHOOK_SECONDS)
    _set(sending, DEADLINE=WEBHOOK_SECONDS)


def _set(module: ModuleType, **constants: object) -> None:
    for name, value in constants.items():
        if not hasattr(module, name):
            raise AttributeError(f"{module.__name__} has no {name} any more: shorten what took its place")
        setattr(module, name, value)
