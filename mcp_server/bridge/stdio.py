"""Lines from the host and to it, read and written by threads of their own: files, pipes and terminals alike.

The threads are daemons over bare descriptors: one that waits for a host which says nothing holds no exit back.
"""

import asyncio
import os
import queue
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes. The server takes far less and says so itself; this keeps a runaway host from filling the memory."""
CHUNK = 65_536
READ_AHEAD = 64  # lines


class HostGone(Exception):
    """Nobody reads what is written."""


class LineTooLong(Exception):
    """More than LONGEST_LINE bytes, which were passed over."""


def claim() -> tuple[int, int]:
    """Take stdin and stdout for the protocol; what else reads or prints in this process, or is started by it (a
    browser, for one), finds nothing there and stderr."""
    read_from, write_to = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return read_from, write_to


async def lines(descriptor: int) -> AsyncIterator[bytes | LineTooLong]:
    """Until the host closes its end. A line that came without its end counts too."""
    arrived: asyncio.Queue[bytes | LineTooLong | None] = asyncio.Queue()
    room = threading.Semaphore(READ_AHEAD)
    loop = asyncio.get_running_loop()

    def read() -> None:
        splitter = Splitter()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            while chunk := _read(descriptor):
                for line in splitter.take(chunk):
                    room.acquire()
                    loop.call_soon_threadsafe(arrived.put_nowait, line)
            for line in splitter.take(b"\n"):
                loop.call_soon_threadsafe(arrived.put_nowait, line)
            loop.call_soon_threadsafe(arrived.put_nowait, None)

    threading.Thread(target=read, name="from-host", daemon=True).start()
    while (line := await arrived.get()) is not None:
        room.release()
        yield line


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, CHUNK)
    except OSError:
        return b""


class Splitter:
    """Bytes to lines without their ends; blank ones are left out."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._size = 0

    def take(self, chunk: bytes) -> list[bytes | LineTooLong]:
        *ended, rest = chunk.split(b"\n")
        found: list[bytes | LineTooLong] = []
        for piece in ended:
            self._hold(piece)
            whole = LineTooLong() if self._size > LONGEST_LINE else b"".join(self._held).strip()
            if whole:
                found.append(whole)
            self._held, self._size = [], 0
        self._hold(rest)
        return found

    def _hold(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > LONGEST_LINE:
            self._held = []
        elif piece:
            self._held.append(piece)


class Writer:
    """`gone` is set when the host has closed its end."""

    def __init__(self, descriptor: int) -> None:
        self.gone = asyncio.Event()
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._lines: queue.SimpleQueue[tuple[bytes, asyncio.Future[None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="to-host", daemon=True)
        self._thread.start()

    async def write(self, line: bytes) -> None:
        """Returns when the host's pipe has it. Raises HostGone."""
        written = self._loop.create_future()
        self._lines.put((line + b"\n", written))
        await written

    def close(self, seconds: float) -> None:
        """Everything that was given to it is written, if the host reads it within so many seconds."""
        self._lines.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        while (item := self._lines.get()) is not None:
            rest, written = item
            failure: HostGone | None = None
            try:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
            except OSError:
                failure = HostGone()
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._settle, written, failure)

    def _settle(self, written: "asyncio.Future[None]", failure: HostGone | None) -> None:
        if failure is not None:
            self.gone.set()
        if written.done():  # whoever waited for it was cancelled
            return
        if failure is None:
            written.set_result(None)
        else:
            written.set_exception(failure)
