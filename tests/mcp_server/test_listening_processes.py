"""Real servers: a change that one process makes is heard at another, and a listener does not keep a server alive."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from bookings.booking.schemas import BookingView
from movmo import env
from movmo.accounts.models import User
from movmo.operations.scopes import SCOPES
from partners.partner.models import Partner
from tests import factories
from tests.bench.stage import SERVER_OPTIONS, Server, free_port
from tests.contract.doors import Hand, RestDoor
from tests.contract.world import World, by_key_and_token, confirmation_of, new_key, the
from tests.mcp_server.listener import GONE, ID, listening
from tests.redis_server import URL, needs_redis
from tests.workers.running import _database

pytestmark = pytest.mark.django_db(transaction=True)

STOP_SECONDS = 10
GRACE = ["--timeout-graceful-shutdown", "3"]


@contextmanager
def server(folder: Path, redis: str = "", options: list[str] = GRACE) -> Iterator[tuple[str, Server]]:
    """A server process on the test's database; its origin."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "movmo.asgi:application", "--port", str(port)]
    environment = {**os.environ, "DATABASE_URL": _database(), "MOVMO_REDIS_URL": redis}
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *SERVER_OPTIONS, *options], env=environment, cwd=env.BASE_DIR, stdout=output, stderr=output
        )
    try:
        running = Server(process, port, log)
        running.wait_until_ready()
        yield f"http://127.0.0.1:{port}", running
    finally:
        process.kill()
        process.wait(STOP_SECONDS)


@pytest.fixture
def hold(ana: User, aviare: Partner) -> BookingView:
    return World(by_key_and_token(ana, aviare)).hold()


@pytest.fixture
def token(ana: User) -> str:
    """Of ana's agent."""
    return factories.token(ana, sorted(SCOPES))


@pytest.fixture
def back_end(ana: User, aviare: Partner) -> Hand:
    """Aviare's, with a token for its own application: it asks nobody."""
    own = factories.application("aviare-back-end", of=aviare)
    return Hand(factories.token(ana, sorted(SCOPES), own), factories.api_key(aviare))


@pytest.mark.parametrize("redis", ["", pytest.param(URL, marks=needs_redis)], ids=["database", "redis"])
def test_ana_s_agent_hears_of_what_aviare_s_back_end_did_at_another_server(
    hold: BookingView, token: str, back_end: Hand, redis: str, tmp_path: Path
) -> None:
    uri = f"bookings://v1/{hold.booking_id}"
    with (
        server(tmp_path, redis) as (here, _),
        server(tmp_path, redis) as (there, _),
        listening(here, token, uri) as stream,
        httpx2.Client(base_url=there, timeout=30, trust_env=False) as http,
    ):
        stream.acknowledged()
        told = RestDoor(http).call(the("confirm_hold"), confirmation_of(hold), back_end, key=new_key())
        assert told.status == 201, told.body
        assert stream.next()["params"]["uri"] == uri


@pytest.mark.parametrize("options", [GRACE, []], ids=["with a time limit", "without one"])
def test_a_server_that_is_told_to_stop_says_goodbye_to_who_listens(
    hold: BookingView, token: str, options: list[str], tmp_path: Path
) -> None:
    with (
        server(tmp_path, options=options) as (here, running),
        listening(here, token, f"bookings://v1/{hold.booking_id}") as stream,
    ):
        stream.acknowledged()
        running.process.send_signal(signal.SIGTERM)
        last = stream.next()
        assert (last["id"], last["result"]["resultType"]) == (ID, "complete")
        assert stream.next() == GONE
        running.process.wait(STOP_SECONDS)
        assert "Traceback" not in running.last_words
