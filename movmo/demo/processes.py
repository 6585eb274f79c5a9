"""The processes of a demo: the server, the vault of test cards, and a worker with its clock. None outlives the demo."""

import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit

from django.conf import settings

from movmo import env
from movmo.demo.shop import place

STOP_SECONDS = 10
# Celery's advice about it is right for servers, and a fright in a container where one tries things out.
AS_ROOT = "ignore:You're running the worker with superuser"

Process = subprocess.Popen[bytes]


def serve_vault() -> Process:
    """The sandbox vault: a process and an origin of its own, as a card vault is."""
    # Fields are in the checkout's frame, and that in a shop's page: every ancestor is named.
    pages = [place.origin(), place.OWN_TRIAL, *env.names("MOVMO_SANDBOX_VAULT_PAGES", [])]
    address = env.sandbox_vault()["url"]
    return _uvicorn("movmo.sandbox_vault.app:application", address, MOVMO_SANDBOX_VAULT_PAGES=",".join(pages))


def serve(*, shop_key: str) -> Process:
    options = ["--no-server-header", "--timeout-keep-alive", "75", "--limit-concurrency", "2000", "--no-proxy-headers"]
    options += ["--timeout-graceful-shutdown", "3"]
    return _uvicorn("movmo.asgi:application", settings.ORIGIN, *options, MOVMO_SHOP_KEY=shop_key)


def work() -> Process:
    """A worker, and within it the clock that wakes it. A group of their own: the clock is a process beside it."""
    command = [sys.executable, "-W", AS_ROOT, "-m", "celery", "-A", "movmo.demo.worker", "--quiet", "worker", "-B"]
    command += ["-P", "threads", "-c", "4", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    # Celery says to stdout that it ends, and nothing else; logs go to stderr.
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)  # noqa: S603  (our own arguments)


def _uvicorn(application: str, address: str, *options: str, **more: str) -> Process:
    """`more` goes to its environment."""
    parts = urlsplit(address)
    command = [sys.executable, "-m", "uvicorn", application, "--no-access-log", "--log-level", "warning"]
    command += ["--host", parts.hostname or "127.0.0.1", "--port", str(parts.port or 80)]
    return subprocess.Popen([*command, *options], env={**os.environ, **more})  # noqa: S603  (our own arguments)


def end(*processes: Process) -> None:
    """Ask all of them, then insist. A second Ctrl-C while they shut down changes nothing."""
    for stop in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(stop, signal.SIG_IGN)
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _kill(process)


def _kill(process: Process) -> None:
    leads_its_group = os.getpgid(process.pid) == process.pid
    os.killpg(process.pid, signal.SIGKILL) if leads_its_group else process.kill()
    process.wait()
