"""`manage.py demo`: from nothing to everything running, with one booking through each door."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from movmo import env
from movmo.demo import aftermath, credentials, processes, story
from movmo.demo.agent.agent import Stopped
from movmo.demo.agent.line import AnswersLost
from movmo.demo.seed import ADMIN, CLERKS, DEVELOPER, TRAVELERS, Cast, seed
from movmo.demo.shop import place

START_SECONDS = 120
LOOK_SECONDS = 0.5


class Command(BaseCommand):
    help = "Migrate, seed, serve, book over both doors, and stay up (DEMO_EXIT=1 leaves after the bookings)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--human", action="store_true", help="You are Ana: approve in your browser what is asked.")

    def handle(self, *args: Any, human: bool = False, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo makes an admin and test credentials: it does not run in production.")
        self._refuse_taken_port()
        # No process may outlive us, however we are stopped; a shell's background job ignores SIGINT otherwise.
        for stop in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(stop, signal.default_int_handler)
        try:
            self._run(by_a_person=human)
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")

    def _run(self, *, by_a_person: bool) -> None:
        self.stdout.write("Preparing the database …")
        call_command("migrate", verbosity=0)
        cast = seed()
        running: list[processes.Process] = []
        try:
            serve = partial(processes.serve, shop_key=cast.api_key)
            for start in (serve, processes.serve_vault, processes.work):
                running.append(start())
            self._wait_for(running[0])
            self._tell(cast, by_a_person=by_a_person)
            if os.environ.get("DEMO_EXIT") == "1":
                self.stdout.write("\nEverything stops now. Without DEMO_EXIT=1 it stays up, to be explored.")
                return
            self._show(cast)
            self.stdout.write("\nEverything stays up. Ctrl-C stops it.")
            while all(process.poll() is None for process in running):
                time.sleep(LOOK_SECONDS)
            raise CommandError("A process stopped; its messages are above.")
        finally:
            processes.end(*running)

    def _tell(self, cast: Cast, *, by_a_person: bool) -> None:
        reasons: list[str] = []
        try:
            anyio.run(partial(story.tell, settings.ORIGIN, cast, self.stdout.write, by_a_person=by_a_person))
            aftermath.tell(self.stdout.write)
        except* (story.StoryBroke, Stopped, AnswersLost, httpx2.HTTPError) as broken:
            # The MCP client raises groups of groups.
            reasons = [str(leaf) for leaf in _leaves(broken)]
        if reasons:
            raise CommandError("; ".join(reasons))

    def _refuse_taken_port(self) -> None:
        for address in (settings.ORIGIN, env.sandbox_vault()["url"]):
            parts = urlsplit(address)
            with socket.socket() as probe:
                if probe.connect_ex((parts.hostname or "", parts.port or 80)) == 0:
                    raise CommandError(
                        f"{address} is in use already. Stop what runs there, or choose other addresses: "
                        "MOVMO_ORIGIN=http://127.0.0.1:8123 make demo (the card vault takes the port after it)"
                    )

    def _wait_for(self, server: processes.Process) -> None:
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
        file = credentials.as_typed(credentials.write(cast, env.var_dir()))
        self.stdout.write(
            f"""
Explore
  Start page     {origin}/
  Shop           {place.origin()}/   a partner's page with the checkout button
  API reference  {origin}/docs
  Admin          {origin}/admin/   {ADMIN}  {cast.admin_password}
                 second step: {cast.admin_codes[0]}, at the next sign-in {cast.admin_codes[1]};
                 or, any number of times, an authenticator app with the key {cast.admin_app_key}
  Clerks         {origin}/accounts/login/?next=/admin/   {", ".join(CLERKS.values())}
  Travelers      {origin}/accounts/login/   {" or ".join(TRAVELERS)}
  Partner pages  {origin}/partner/   {DEVELOPER}   keys, webhooks and usage of Aviare
  Mailbox        {origin}/mailbox   sign-in codes and letters about bookings arrive here
  MCP server     {origin}/v1/mcp
  Card vault     {env.sandbox_vault()["url"]}   test cards such as 4242 4242 4242 4242, under Cards in the account

Call it yourself (Aviare's key, Ana's tokens; they work for an hour)
  source {file}
  curl -H "x-api-key: $MOVMO_KEY" -H "Authorization: Bearer $MOVMO_TOKEN" {origin}/v1/users/me/bookings"""
        )


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    for inner in group.exceptions:
        if isinstance(inner, BaseExceptionGroup):
            yield from _leaves(inner)
        else:
            yield inner
