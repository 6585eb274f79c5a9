"""What a database that is locked or gone means to whoever asked: the port knows only its three failures."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, transaction

from bookings.providers.errors import OutcomeUnknown, Unavailable


@contextmanager
def reading() -> Iterator[None]:
    """Raises Unavailable."""
    try:
        yield
    except OperationalError as outage:
        raise Unavailable(f"the airline's database: {outage}") from outage


@contextmanager
def answering() -> Iterator[None]:
    """The deed is done: whatever fails from here leaves it open to the caller. Raises OutcomeUnknown."""
    try:
        yield
    except Unavailable as outage:
        raise OutcomeUnknown(f"done, but not told: {outage.detail}") from outage


@contextmanager
def writing() -> Iterator[None]:
    """One transaction of the airline's own. Raises Unavailable; only a commit that fails leaves the outcome open."""
    committing = False
    try:
        with transaction.atomic(durable=True):
            yield
            committing = True
    except OperationalError as outage:
        failure = OutcomeUnknown if committing else Unavailable
        raise failure(f"the airline's database: {outage}") from outage
