"""A time that a caller names: with its zone, and such a one that UTC has it, too."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def _in_utc(at: datetime) -> datetime:
    """Raises ValueError for the hours before the year 1 and after 9999, which other zones have."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("this time is out of range in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
