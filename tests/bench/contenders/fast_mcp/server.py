"""get_booking as FastMCP (the package from PyPI) serves it, with the same query and nothing else: nobody signs in.

It runs in an environment of its own, which has no Django: STATEMENT and TRAVELER come from `query`.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from fastmcp import FastMCP  # type: ignore[import-not-found]
from fastmcp.exceptions import ToolError  # type: ignore[import-not-found]
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

STATEMENT, TRAVELER = os.environ["BENCH_STATEMENT"], UUID(os.environ["BENCH_TRAVELER"])
POOL: AsyncConnectionPool[Any] = AsyncConnectionPool(
    os.environ["DATABASE_URL"], min_size=4, max_size=16, open=False, kwargs={"autocommit": True}
)


@asynccontextmanager
async def _lifespan(server: Any) -> AsyncIterator[None]:
    async with POOL:
        yield


server = FastMCP("bench", lifespan=_lifespan)


@server.tool  # type: ignore[untyped-decorator]
async def get_booking(booking_id: UUID) -> dict[str, Any]:
    """Show a booking with its PNR, tickets, passengers and itinerary"""
    async with POOL.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(STATEMENT, (booking_id, TRAVELER))
        booking = await cursor.fetchone()
    if booking is None:
        raise ToolError("There is no such booking.")
    # What is encrypted stays so here.
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in booking.items()}


application = server.http_app(path="/v1/mcp", stateless_http=True)
