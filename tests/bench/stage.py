"""Where a bench happens: a database of its own, processes with an environment of their own, servers on loopback.

Nothing outlives the bench: databases are dropped, and each process that was started is stopped by its id.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier

ROOT = Path(__file__).resolve().parents[2]
LOCAL_SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"
HOST = "127.0.0.1:8000"
"""Whatever port a server got, it is called by the name that the tokens were minted for."""

START_SECONDS = 60
STEP_SECONDS = 240
STOP_SECONDS = 10
SERVER_OPTIONS = [
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--no-access-log",
    "--no-server-header",
    "--log-level",
    "warning",
]


class BenchBroke(Exception):
    """A process of the bench did not do its part; the message is what it said."""


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def wait_until_ready(self) -> None:
        """Raises BenchBroke."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise BenchBroke(f"a server did not start: {self.last_words}")

    @property
    def last_words(self) -> str:
        return self.log.read_text()[-2000:]


@dataclass(frozen=True)
class Stage:
    """A prepared database. `environment` is what every process on it runs with, `python` what runs its servers."""

    environment: dict[str, str]
    python: str = sys.executable

    def step(self, module: str, *arguments: object) -> Any:
        """Run a module of the bench to its end; its last line is JSON."""
        command = [sys.executable, "-m", module, *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=STEP_SECONDS
        )
        if done.returncode:
            raise BenchBroke(f"{module}: {done.stderr[-2000:]}")
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout else None

    @contextmanager
    def servers(self, *applications: str) -> Iterator[list[int]]:
        """The applications under uvicorn, one worker each; yields their ports."""
        with ExitStack() as stack:
            servers = [
                stack.enter_context(self.server(application, free_port(), core=core))
                for core, application in enumerate(applications)
            ]
            for server in servers:
                server.wait_until_ready()
            try:
                yield [server.port for server in servers]
            except BenchBroke as broken:
                raise BenchBroke("\n".join([str(broken), *(server.last_words for server in servers)])) from None

    @contextmanager
    def server(self, application: str, port: int, *, core: int = 0) -> Iterator[Server]:
        """An application under uvicorn, one worker on one core, which may not be ready yet."""
        command = [self.python, "-m", "uvicorn", application, "--port", str(port), *SERVER_OPTIONS]
        log = Path(self.environment["MOVMO_VAR"]) / f"server-{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, env=self.environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        _keep_on(core, process.pid)
        try:
            yield Server(process, port, log)
        finally:
            _stop(process)

    @contextmanager
    def background(self, module: str, *arguments: str) -> Iterator[None]:
        """A module that runs for as long as it is needed and is not talked to."""
        with (Path(self.environment["MOVMO_VAR"]) / f"{module}.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            yield
        finally:
            _stop(process)

    @contextmanager
    def process(self, module: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
        """A module of the bench that is talked to over its standard input and output."""
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", module, *map(str, arguments)]
        process = subprocess.Popen(command, env=self.environment, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        try:
            yield process
        finally:
            _stop(process)


@contextmanager
def postgresql(var: Path) -> Iterator[Stage]:
    """A new database on the server of DATABASE_URL, or on the local one."""
    url = os.environ.get("DATABASE_URL", "")
    parts = urlsplit(url if url.startswith("postgres") else LOCAL_SERVER)
    name = f"movmo_bench_{os.getpid()}"
    with _administrator(urlunsplit(parts)) as administrator:
        administrator.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield prepared(var, urlunsplit(parts._replace(path=f"/{name}")))
        finally:
            administrator.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@contextmanager
def sqlite(var: Path) -> Iterator[Stage]:
    yield prepared(var, f"sqlite:///{var / 'bench.sqlite3'}")


@contextmanager
def _administrator(url: str) -> Iterator[psycopg.Connection[Any]]:
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as failure:
        raise BenchBroke(f"PostgreSQL is needed; DATABASE_URL says where it is. {failure}") from None
    with connection:
        yield connection


def _keep_on(core: int, pid: int) -> None:
    """A worker runs on one core, as operators are told to run it: two would hand the interpreter's lock to and fro, and
    how long that takes is the machine's mood. Where the system cannot do it, it is left alone."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(pid, {cores[core % len(cores)]})


def prepared(var: Path, database_url: str, **more: str) -> Stage:
    """A database with its tables. `more` goes to the environment of every process on it."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MOVMO_")},
        "DJANGO_SETTINGS_MODULE": "movmo.settings",
        "DATABASE_URL": database_url,
        "MOVMO_VAR": str(var),
        "MOVMO_ORIGIN": f"http://{HOST}",
        # The bench measures the work of a call; nobody is to be turned away, and no flight is to be sold out.
        "MOVMO_USER_RATE": "1000000",
        "MOVMO_USER_BURST": "1000000",
        "MOVMO_SANDBOX_SEATS": "1000000",
        **more,
    }
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=STEP_SECONDS)
    if done.returncode:
        raise BenchBroke(f"migrate: {done.stderr[-2000:]}")
    return Stage(environment)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _stop(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
