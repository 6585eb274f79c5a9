"""A list whole, as JSON Lines that leave while they are read: where an operation has it, and the caller takes it.

DomainError
└── StreamsBusy   429   enough lists leave this server at this moment
"""

from collections.abc import Callable, Iterator, Mapping
from threading import BoundedSemaphore

from django.http import StreamingHttpResponse

from movmo.kit.errors import DomainError, Kind
from movmo.operations.context import Stream
from movmo.operations.dispatch import Answer
from movmo.rest.media import LINES

AT_ONCE = 3
"""A slow reader holds a thread of the server for as long as it reads."""
RETRY_SECONDS = 5
BLOCK = 65_536
_places = BoundedSemaphore(AT_ONCE)


class StreamsBusy(DomainError):
    kind = Kind.LIMITED
    code = "streams_busy"
    message = "Enough lists are being sent from this server at this moment."
    hint = "Repeat the request after `Retry-After` seconds, or read the list by pages, as JSON."
    retryable = True


def stream(call: Callable[[], Answer], headers: Callable[[Answer], Mapping[str, str]]) -> StreamingHttpResponse:
    """What the call gives, row by row. Raises StreamsBusy, and what the call does."""
    if not _places.acquire(blocking=False):
        raise StreamsBusy(retry_after=RETRY_SECONDS)
    try:
        answer = call()
        assert isinstance(answer.view, Stream)
        return _Lines(_blocks(answer.view), content_type=LINES, headers=headers(answer))
    except BaseException:
        _places.release()
        raise


class _Lines(StreamingHttpResponse):
    """Gives its place back when it is through, or was broken off."""

    is_over = False

    def close(self) -> None:
        super().close()
        if not self.is_over:
            self.is_over = True
            _places.release()


def _blocks(told: Stream) -> Iterator[bytes]:
    """Lines together: each piece is a trip between threads."""
    block = bytearray()
    for row in told.rows:
        block += row.__pydantic_serializer__.to_json(row) + b"\n"
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)
