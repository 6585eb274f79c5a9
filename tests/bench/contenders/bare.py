"""get_booking with nothing around it: Starlette, psycopg's async pool and Movmo's own three statements.

The token's signature is checked as Movmo checks it. Django is set up to lend the statements, and serves nothing.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from bookings.booking.models import Booking
from movmo.kit import clock
from partners.api_key import secret
from partners.authentication import FIND_BEARER, FIND_KEY, LAST_USED_STEP
from partners.oauth import tokens

NOBODY = UUID(int=0)
FIND_BOOKING, _ = Booking.objects.filter(pk=NOBODY, user_id=NOBODY)[:1].query.sql_with_params()
POOL: AsyncConnectionPool[Any] = AsyncConnectionPool(
    os.environ["DATABASE_URL"], min_size=4, max_size=16, open=False, kwargs={"autocommit": True}
)


async def get_booking(request: Request) -> Response:
    now = clock.now()
    key, bearer = request.headers["x-api-key"], request.headers["authorization"].removeprefix("Bearer ")
    tokens.verify(bearer, resource=tokens.REST_RESOURCE, now=now)
    async with POOL.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(FIND_KEY, (now - LAST_USED_STEP, secret.digest(key), now))
        partner = await cursor.fetchone()
        found = await connection.execute(FIND_BEARER, (now - LAST_USED_STEP, sha256(bearer.encode()).hexdigest(), now))
        token = await found.fetchone()
        if partner is None or token is None or "bookings:read" not in token[1].split():
            return Response(status_code=401)
        await cursor.execute(FIND_BOOKING, (UUID(request.path_params["booking_id"]), token[0]))
        booking = await cursor.fetchone()
    if booking is None:
        return Response(status_code=404)
    return Response(orjson.dumps(booking, default=_as_text), media_type="application/json")


def _as_text(value: Any) -> str:
    """What is encrypted stays so here."""
    return bytes(value).hex()


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    set_json_loads(orjson.loads)
    async with POOL:
        yield


application = Starlette(
    routes=[Route("/v1/users/me/bookings/{booking_id}", get_booking)],
    lifespan=_lifespan,
)
