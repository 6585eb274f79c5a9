"""`movmo-mcp` for tests of a whole Movmo: reaches it under its public address, although it listens on another port."""

import os
import sys

import httpx2

from mcp_server.bridge.command import main


class Dialled(httpx2.AsyncHTTPTransport):
    """Of `tests.product.clients`, without all that comes with it."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(port=int(os.environ["LISTENS_ON"]))
        return await super().handle_async_request(request)


if __name__ == "__main__":
    sys.exit(main(transport=Dialled()))
