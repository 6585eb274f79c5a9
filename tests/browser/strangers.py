"""Pages of other sites on this machine: `evil.localhost`, or another subdomain of the partner's."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.live import live_server


@contextmanager
def stranger(host: str, page: str) -> Iterator[str]:
    """The address of a page that may do whatever pages may."""

    async def show(request: Request) -> HTMLResponse:
        return HTMLResponse(f"<!doctype html><title>Stranger</title><main>{page}</main>")

    with live_server(Starlette(routes=[Route("/", show)])) as served_at:
        yield f"http://{host}:{urlsplit(served_at).port}/"
