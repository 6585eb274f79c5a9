"""The command as a process: how it starts, what it writes where, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.live import live_server
from tests.mcp_server.bridge.conftest import ROOT
from tests.mcp_server.bridge.inside import call
from tests.mcp_server.bridge.scripted import DOOR, Answer, Asked, Scripted, events, result

COMMAND = [sys.executable, "-m", "mcp_server.bridge"]
LISTEN = {"jsonrpc": "2.0", "id": 5, "method": "subscriptions/listen", "params": {}}
# What the traveler's computer would have to load: none of it is needed to pass messages on.
NOT_NEEDED = ("django", "movmo", "bookings", "partners", "mcp_server.asgi", "mcp", "mcp_types", "pydantic", "starlette")


@pytest.fixture
def home(tmp_path: Path, server: Scripted) -> Path:
    """Where somebody signed in."""
    place = tmp_path / "movmo-mcp"
    place.mkdir(mode=0o700)
    name = server.origin.replace("://", "_").replace(":", "_")
    server.issued = 1
    grant = {"client_id": "bridge-1", "expires_at": 9e9, "scopes": ["flights:read"]}
    path = place / f"{name}.json"
    path.write_text(json.dumps(grant | {"access_token": "access-1", "refresh_token": "refresh-1"}))
    path.chmod(0o600)
    return tmp_path


@contextmanager
def bridge(home: Path, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "XDG_CONFIG_HOME": str(home), **variables}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*COMMAND, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def write(process: subprocess.Popen[bytes], *messages: Any) -> None:
    assert process.stdin is not None
    for message in messages:
        process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()


def read(process: subprocess.Popen[bytes]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def first(asked: Asked) -> Answer:
    return events({"jsonrpc": "2.0", "method": "notifications/first"}, stays=True)


def test_what_is_under_way_is_finished_when_the_host_closes_its_end(server: Scripted, home: Path) -> None:
    with bridge(home, "--server", server.origin) as process:
        out, err = process.communicate(json.dumps(call()).encode(), timeout=20)  # without a line end, too
    assert process.returncode == 0
    assert json.loads(out) == {"jsonrpc": "2.0", "id": 1, "result": {"bearer": "access-1"}}
    assert err.count(b"\n") == 1


def test_a_stream_that_listens_ends_with_the_host(server: Scripted, home: Path) -> None:
    server.at[DOOR] = first
    with bridge(home, "--server", server.origin) as process:
        write(process, LISTEN)
        assert read(process)["method"] == "notifications/first"
        process.communicate(timeout=4)  # sooner than a request would be waited for
    assert process.returncode == 0
    assert server.left.wait(5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once(server: Scripted, home: Path, number: signal.Signals) -> None:
    server.at[DOOR] = first
    with bridge(home, "--server", server.origin) as process:
        write(process, call())
        read(process)
        process.send_signal(number)
        _, err = process.communicate(timeout=4)
    assert process.returncode == 128 + number
    assert b"Traceback" not in err
    assert server.left.wait(5)


def test_a_host_that_reads_no_more_ends_it(server: Scripted, home: Path) -> None:
    with bridge(home, "--server", server.origin) as process:
        assert process.stdout is not None
        write(process, call())
        read(process)
        process.stdout.close()
        write(process, call())
        assert process.wait(timeout=10) == 0
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


def test_a_host_that_leaves_while_ana_is_asked_ends_it_in_words(server: Scripted, tmp_path: Path) -> None:
    with bridge(tmp_path, "--server", server.origin, "--no-browser") as process:
        write(process, call())
        assert process.stderr is not None
        process.stderr.readline()
        assert b"/v1/oauth/authorize?response_type=code" in process.stderr.readline()
        out, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "the host has left" in json.loads(out)["error"]["message"]
    assert f'Sign in first: movmo-mcp login --server {server.origin} --scope "flights:read"\n' in err.decode()


def test_a_host_that_leaves_while_more_is_asked_for_hears_which_scopes(server: Scripted, home: Path) -> None:
    server.at[DOOR] = lambda asked: Answer(
        403, {"www-authenticate": 'Bearer error="insufficient_scope", scope="bookings:read $(id) `id`"'}
    )
    with bridge(home, "--server", server.origin, "--no-browser") as process:
        write(process, call())
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.readline()
        _, err = process.communicate(timeout=10)
    assert f'movmo-mcp login --server {server.origin} --scope "bookings:read flights:read"\n' in err.decode()


def test_a_browser_that_cannot_be_opened_is_no_end(server: Scripted, tmp_path: Path) -> None:
    with bridge(tmp_path, "--server", server.origin, BROWSER="/no/such/browser %s", DISPLAY="") as process:
        write(process, call())
        assert process.stderr is not None
        process.stderr.readline()
        assert b"If none opens, open http://127.0.0.1:" in process.stderr.readline()
        assert process.poll() is None


def test_a_proxy_never_sees_what_is_for_this_computer(server: Scripted, home: Path) -> None:
    with (
        live_server(proxy := Scripted()) as there,
        bridge(home, "--server", server.origin, HTTP_PROXY=there) as process,
    ):
        out, _ = process.communicate(json.dumps(call()).encode(), timeout=20)
    assert "result" in json.loads(out)
    assert proxy.asked == []


def test_tokens_that_others_could_read_are_deleted_and_not_used(server: Scripted, home: Path) -> None:
    [kept] = (home / "movmo-mcp").glob("*.json")
    kept.chmod(0o644)
    with bridge(home, "logout", "--server", server.origin) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"Disconnect movmo-mcp at {server.origin}/accounts/apps/" in err.decode()
    assert not kept.exists()
    assert server.asked == []


def test_a_huge_line_is_the_servers_to_refuse(server: Scripted, home: Path) -> None:
    server.at[DOOR] = lambda asked: events(result(asked, size=len(asked.body)))
    with bridge(home, "--server", server.origin) as process:
        line = json.dumps(call(name="x" * 10_000_000)).encode()
        out, _ = process.communicate(line, timeout=30)
    assert json.loads(out)["result"]["size"] == len(line)


@pytest.mark.parametrize("command", ["status", "logout"])
def test_the_only_server_need_not_be_named(server: Scripted, home: Path, command: str) -> None:
    (home / "movmo-mcp" / "notes.json").write_text("of somebody else")
    with bridge(home, command, MOVMO_SERVER="") as process:
        _, err = process.communicate(timeout=20)
    assert re.search(f"Signed (in to|out of) {re.escape(server.origin)}\\b", err.decode())


def test_of_several_servers_one_is_to_be_named(server: Scripted, home: Path) -> None:
    (home / "movmo-mcp" / "https_movmo.example.json").write_text("{}")
    with bridge(home, "status", MOVMO_SERVER="") as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert f"Stored are {server.origin}, https://movmo.example. Add --server {server.origin}" in err.decode()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "Add --server https://movmo.example, or set MOVMO_SERVER"),
        (("status",), 2, "Which Movmo server? Add --server https://movmo.example"),
        (("--server", "http://movmo.example"), 2, "http is for this computer only"),
        (("--server", "https://u:secret@movmo.example"), 2, "no address"),
        (("dance",), 2, "invalid choice"),
        (
            ("status", "--server", "https://movmo.example"),
            1,
            "Not signed in to https://movmo.example: movmo-mcp login --server",
        ),
        (("login", "--server", "http://127.0.0.1:9"), 1, "cannot be reached"),
    ],
)
def test_what_it_needs_is_said_on_stderr(tmp_path: Path, arguments: tuple[str, ...], status: int, words: str) -> None:
    with bridge(tmp_path, *arguments, MOVMO_SERVER="") as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (status, b"")
    assert words in err.decode()
    assert b"secret" not in err
    assert b"Traceback" not in err


def test_it_loads_nothing_of_the_house() -> None:
    script = f"import sys, mcp_server.bridge.command; print([name for name in {NOT_NEEDED} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_the_command_is_installed_with_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, function = project["scripts"]["movmo-mcp"].partition(":")
    assert callable(getattr(import_module(module), function))
