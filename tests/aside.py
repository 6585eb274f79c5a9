"""Work with the database beside an event loop: Django keeps out of loops, and a thread that ends must not leave its
connection open."""

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread
from django.db import connections

Result = TypeVar("Result")


async def aside(work: Callable[..., Result], *arguments: object) -> Result:
    """What `work` returns, run in a thread and on a connection of its own."""

    def alone() -> Result:
        try:
            return work(*arguments)
        finally:
            connections.close_all()

    return await anyio.to_thread.run_sync(alone)
