"""A calendar file, RFC 5545: as little of it as flights need. Times are in UTC, so no time zones are described.

`UID` names an entry for good and `SEQUENCE` tells which word about it is the newest (RFC 5546): a program that is given
a later file changes its entry, or takes it out, instead of showing another.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

MOST_OCTETS = 75
LINE_END = "\r\n"
ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})


@dataclass(frozen=True, slots=True)
class Entry:
    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    description: str
    is_cancelled: bool = False


def written(entries: Iterable[Entry], *, method: str, stamp: datetime, organizer: str) -> str:
    """`method` is PUBLISH or CANCEL, `organizer` an e-mail address, `stamp` when this was so."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Movmo//Bookings//EN",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method}",
        *(line for entry in entries for line in _entry(entry, stamp=stamp, organizer=organizer)),
        "END:VCALENDAR",
    ]
    return "".join(_folded(line) + LINE_END for line in lines)


def _entry(entry: Entry, *, stamp: datetime, organizer: str) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{_escaped(entry.uid)}",
        f"DTSTAMP:{_moment(stamp)}",
        f"SEQUENCE:{entry.sequence}",
        f"ORGANIZER;CN=Movmo:mailto:{organizer}",
        f"DTSTART:{_moment(entry.starts_at)}",
        f"DTEND:{_moment(entry.ends_at)}",
        f"SUMMARY:{_escaped(entry.summary)}",
        f"LOCATION:{_escaped(entry.location)}",
        f"DESCRIPTION:{_escaped(entry.description)}",
        f"STATUS:{'CANCELLED' if entry.is_cancelled else 'CONFIRMED'}",
        "TRANSP:OPAQUE",
        "END:VEVENT",
    ]


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    return text.translate(ESCAPES)


def _folded(line: str) -> str:
    """At most MOST_OCTETS octets a line, the space before a continuation among them; no character is cut in two."""
    pieces, octets = [""], 0
    for mark in line:
        width = len(mark.encode())
        if octets + width > MOST_OCTETS:
            pieces.append("")
            octets = 1
        pieces[-1] += mark
        octets += width
    return f"{LINE_END} ".join(pieces)
