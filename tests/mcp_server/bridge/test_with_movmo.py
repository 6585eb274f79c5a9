"""The SDK's own stdio client starts the bridge, which signs ana in at a whole Movmo and passes everything on."""

import asyncio
import stat
from typing import Any

import anyio
import pytest
from django.utils import timezone
from mcp import Client, MCPError
from oauth2_provider.models import AccessToken, RefreshToken

from partners.oauth.models import Application
from tests.mcp_server.bridge.conftest import Computer
from tests.mcp_server.bridge.person import PRINTED
from tests.product.clients import MODES, Mode

pytestmark = pytest.mark.django_db(transaction=True)


async def read(client: Client) -> Any:
    result = await client.call_tool("list_providers", {})
    assert not result.is_error, result.content
    return result.structured_content


async def read_bookings(client: Client) -> Any:
    result = await client.call_tool("search_bookings", {})
    assert not result.is_error, result.content
    return result.structured_content


def refused(computer: Computer, conversation: Any, mode: Mode = "2026-07-28") -> MCPError:
    with pytest.raises((MCPError, BaseExceptionGroup)) as caught:
        computer.host(conversation, mode)
    error = caught.value
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, MCPError)
    return error


@pytest.mark.parametrize("mode", MODES)
def test_scout_works_as_if_there_were_no_bridge(computer: Computer, mode: Mode) -> None:
    async def conversation(client: Client) -> tuple[list[str], Any, Any]:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        refusal = await client.call_tool("get_offer_details", {"provider": "sandbox", "offer_id": "no-such-offer"})
        return tools, await read(client), refusal

    tools, providers, refusal = computer.host(conversation, mode)
    assert {"search_flights", "create_booking"} <= set(tools)
    assert providers["data"]
    assert refusal.is_error
    assert refusal.structured_content["hint"]
    assert computer.asked == 1
    assert computer.grant["scopes"] == ["flights:read"]
    registered = Application.objects.get(registration_source="dcr")
    assert (registered.name, registered.client_type) == ("movmo-mcp on this computer", "public")


@pytest.mark.parametrize("mode", MODES)
def test_an_unknown_tool_stays_the_servers_own_error(computer: Computer, mode: Mode) -> None:
    error = refused(computer, lambda client: client.call_tool("no_such_tool", {}), mode)
    assert (error.error.code, error.error.data["code"]) == (-32602, "unknown_tool")


def test_a_name_from_another_alphabet_arrives(computer: Computer) -> None:
    error = refused(computer, lambda client: client.call_tool("żaden", {}))
    assert error.error.data["code"] == "unknown_tool"  # its header and the body say the same


@pytest.mark.parametrize("mode", MODES)
def test_the_next_start_asks_nobody(computer: Computer, mode: Mode) -> None:
    for _ in range(2):
        assert computer.host(read, mode)["data"]
    assert computer.asked == 1
    assert Application.objects.filter(registration_source="dcr").count() == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_token_that_ran_out_is_refreshed_without_ana(computer: Computer, mode: Mode) -> None:
    computer.host(read, mode)
    before = computer.grant
    computer.let_expire()
    assert computer.host(read, mode)["data"]
    assert computer.asked == 1
    after = computer.grant
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]


def test_a_token_that_the_server_ended_early_is_refreshed_too(computer: Computer) -> None:
    computer.host(read)
    before = computer.grant
    AccessToken.objects.update(expires=timezone.now())  # the bridge believes in it for an hour
    assert computer.host(read)["data"]
    assert computer.asked == 1
    assert computer.grant["access_token"] != before["access_token"]


@pytest.mark.parametrize("mode", MODES)
def test_ana_is_asked_for_more_when_a_tool_needs_it(computer: Computer, mode: Mode) -> None:
    async def conversation(client: Client) -> Any:
        await read(client)
        return await read_bookings(client)

    assert computer.host(conversation, mode)["data"] == []
    assert computer.asked == 2
    assert computer.grant["scopes"] == ["bookings:read", "flights:read"]
    assert Application.objects.filter(registration_source="dcr").count() == 1


def test_many_calls_at_once_ask_ana_once(computer: Computer) -> None:
    async def conversation(client: Client) -> int:
        done: list[Any] = []

        async def one() -> None:
            done.append(await read_bookings(client))

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(one)
        return len(done)

    assert computer.host(conversation) == 8
    assert computer.asked == 2  # once to begin with, once for the wider scope


def test_a_host_hears_that_ana_declined_and_may_ask_again(computer: Computer) -> None:
    computer.ana_does = "decline"
    error = refused(computer, read)
    assert error.error.data == {"code": "sign_in_failed", "retryable": False}
    assert "You declined" in error.error.message
    assert not AccessToken.objects.exclude(scope="").filter(user__email="ana@example.com").exists()
    computer.ana_does = "approve"
    assert computer.host(read)["data"]


def test_two_hosts_that_start_together_ask_ana_once(computer: Computer) -> None:
    assert len(together(computer)) == 2
    assert computer.asked == 1
    assert Application.objects.filter(registration_source="dcr").count() == 1


def test_two_hosts_that_refresh_together_spend_one_refresh_token(computer: Computer) -> None:
    computer.host(read)
    computer.let_expire()
    assert len(together(computer)) == 2
    assert computer.asked == 1
    assert RefreshToken.objects.count() == 2  # the spent one and the one that it bought
    computer.let_expire()
    assert computer.host(read)["data"]
    assert computer.asked == 1


def together(computer: Computer) -> list[Any]:
    async def both() -> list[Any]:
        return list(await asyncio.gather(computer.hosted(read), computer.hosted(read)))

    return anyio.run(both)


def test_a_stolen_refresh_token_ends_in_a_new_sign_in(computer: Computer) -> None:
    computer.host(read)
    RefreshToken.objects.all().delete()
    computer.let_expire()
    assert computer.host(read)["data"]
    assert computer.asked == 2
    assert "The sign-in has ended (invalid_grant)" in computer.said


def test_a_server_that_forgot_the_client_gets_a_new_registration(computer: Computer) -> None:
    computer.host(read)
    forgotten = computer.grant["client_id"]
    computer.let_expire()
    AccessToken.objects.all().delete()
    Application.objects.filter(client_id=forgotten).delete()
    assert computer.host(read)["data"]
    assert computer.grant["client_id"] != forgotten


def test_nobody_else_can_read_what_is_kept_and_nothing_secret_is_said(computer: Computer) -> None:
    computer.host(read_bookings)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (computer.kept, computer.kept.parent)]
    assert modes == [0o600, 0o700]
    grant = computer.grant
    assert grant["access_token"] not in computer.said
    assert grant["refresh_token"] not in computer.said
    # What else the processes of a sign-in print is no message either.
    assert {line.partition(":")[0] for line in computer.said.splitlines()} == {"movmo-mcp", PRINTED}


def test_login_status_and_logout(computer: Computer) -> None:
    before = computer.run("status")
    assert (before.returncode, before.stdout) == (1, "")
    assert "Not signed in" in before.stderr

    signed_in = computer.run("login", "--scope", "flights:read bookings:read")
    assert signed_in.returncode == 0, signed_in.stderr
    assert "bookings:read, flights:read" in signed_in.stderr
    assert computer.run("login").returncode == 0
    assert computer.asked == 1  # who is signed in is not asked again
    assert "Signed in to" in computer.run("status").stderr
    assert computer.host(read_bookings)["data"] == []
    assert computer.asked == 1

    left = computer.run("logout")
    assert (left.returncode, left.stderr) == (0, "movmo-mcp: Signed out of http://127.0.0.1:8000.\n")
    assert not AccessToken.objects.filter(expires__gt=timezone.now(), user__isnull=False).exists()
    assert not RefreshToken.objects.filter(revoked=None).exists()
    assert computer.run("status").returncode == 1
    assert computer.run("logout").returncode == 0


def test_logout_away_from_the_server_deletes_here_and_says_what_is_left(computer: Computer) -> None:
    computer.host(read)
    left = computer.run("logout", LISTENS_ON="9")
    assert left.returncode == 1
    assert "deleted here, and not revoked" in left.stderr
    assert "http://127.0.0.1:8000/accounts/apps/" in left.stderr
    assert computer.run("status").returncode == 1
