"""What a version on its way out says on every answer (RFC 9745, RFC 8594), and what follows it."""

from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from movmo.operations.spec import Operation


def headers(operation: Operation) -> dict[str, str]:
    """Nothing for an operation that stays."""
    going = operation.deprecated
    if going is None:
        return {}
    return {
        "Deprecation": f"@{int(_begin_of(going.since).timestamp())}",
        "Sunset": format_datetime(_begin_of(going.sunset), usegmt=True),
        "Link": f'</docs#{going.successor}>; rel="successor-version"',
    }


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
