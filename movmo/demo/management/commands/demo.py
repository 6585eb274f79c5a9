"""`manage.py demo`: from nothing to everything running, with one booking through each door."""

import os
import socket
import subprocess
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from movmo.demo import story
from movmo.demo.seed import ADMIN, TRAVELERS, Cast, seed

START_SECONDS = 30


class Command(BaseCommand):
    help = "Migrate, seed, serve, book over both doors, and stay up (DEMO_EXIT=1 leaves after the bookings)."

    def handle(self, *args: Any, **options: Any) -> None:
        self._refuse_taken_port()
        self.stdout.write("Preparing the database …")
        call_command("migrate", verbosity=0)
        cast = seed()
        server = _serve()
        try:
            self._wait_for(server)
            anyio.run(story.tell, settings.ORIGIN, cast, self.stdout.write)
            self._show(cast)
            if os.environ.get("DEMO_EXIT") != "1":
                self.stdout.write("\nEverything stays up. Ctrl-C stops it.")
                server.wait()
        except KeyboardInterrupt:
            self.stdout.write("\nStopping.")
        except story.StoryBroke as broken:
            raise CommandError(str(broken)) from None
        finally:
            server.terminate()
            server.wait(timeout=10)

    def _refuse_taken_port(self) -> None:
        parts = urlsplit(settings.ORIGIN)
        with socket.socket() as probe:
            if probe.connect_ex((parts.hostname or "", parts.port or 80)) == 0:
                raise CommandError(
                    f"{settings.ORIGIN} is in use already. Stop what runs there, or choose another address: "
                    "MOVMO_ORIGIN=http://127.0.0.1:8123 make demo"
                )

    def _wait_for(self, server: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if server.poll() is not None:
                raise CommandError("The server stopped while starting; its messages are above.")
            try:
                httpx2.get(f"{settings.ORIGIN}/openapi.json", timeout=5).raise_for_status()
            except httpx2.HTTPError:
                time.sleep(0.2)
            else:
                return
        raise CommandError(f"The server did not answer within {START_SECONDS} seconds.")

    def _show(self, cast: Cast) -> None:
        origin = settings.ORIGIN
        self.stdout.write(
            f"""
Explore
  API reference        {origin}/docs
  Admin                {origin}/admin/   {ADMIN}  {cast.admin_password}
  Travelers            {origin}/accounts/login/   {" or ".join(TRAVELERS)}; the code arrives at {origin}/mailbox
  MCP server           {origin}/v1/mcp

Credentials of this run (Aviare's key, Ana's tokens, one hour)
  export MOVMO_KEY={cast.api_key}
  export MOVMO_TOKEN={cast.partner_token}
  export MOVMO_AGENT_TOKEN={cast.agent_token}
  curl -H "x-api-key: $MOVMO_KEY" -H "Authorization: Bearer $MOVMO_TOKEN" {origin}/v1/users/me/bookings"""
        )


def _serve() -> "subprocess.Popen[bytes]":
    parts = urlsplit(settings.ORIGIN)
    command = [sys.executable, "-m", "uvicorn", "movmo.asgi:application", "--host", parts.hostname or "127.0.0.1"]
    command += ["--port", str(parts.port or 80), "--log-level", "warning", "--no-access-log", "--no-server-header"]
    return subprocess.Popen([*command, "--timeout-graceful-shutdown", "3"])  # noqa: S603  (our own arguments)
