"""A real server on loopback for tests that need sockets, HTTP and more than one connection."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

STARTUP_SECONDS = 10


@contextmanager
def live_server(app: Any, **options: Any) -> Iterator[str]:
    """Serve an ASGI application from a thread on a free loopback port; yields its origin, `http://127.0.0.1:<port>`.

    Uses the production loop and parser. A test that touches the database through it needs `transaction=True`.
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    settings = {
        "loop": "uvloop",
        "http": "httptools",
        "log_level": "warning",
        "timeout_graceful_shutdown": 3,
        **options,
    }
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, lifespan="on", log_config=None, **settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="live-server", daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(STARTUP_SECONDS)
        listener.close()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the live server did not start; its log says why")
        time.sleep(0.01)
