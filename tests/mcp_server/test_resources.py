"""Resources: what is listed, what is read, and that reading one is the operation and nothing beside it."""

import json
from io import StringIO
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.conf import settings as house
from django.core.management import call_command
from mcp import Client, MCPError

from mcp_server import addresses
from movmo.operations import limits
from movmo.operations.models import AuditEvent
from tests.contract.doors import Stage, committed_rows, the_stage
from tests.contract.world import World, by_key, the
from tests.mcp_server.speaking import ERAS, Era, error, read, result, say, token_of
from tests.mcp_server.test_clients import refused
from tests.product.clients import MODES, Mode, by_token, with_sdk

__all__ = ["committed_rows", "the_stage"]

pytestmark = pytest.mark.parametrize("era", ERAS)

TEMPLATES = {
    "bookings://v1/{booking_id}",
    "guides://v1/{slug}",
    "offers://v1/{offer_id}",
    "passengers://v1/{passenger_id}",
}


@pytest.fixture(scope="module")
def world(stage: Stage) -> World:
    return stage.world()


@pytest.fixture(scope="module")
def owned(world: World) -> dict[str, str]:
    """A URI of each kind that is ana's, with the name of the operation that reads it."""
    return {
        "get_user_profile": "users://v1/me",
        "get_passenger": f"passengers://v1/{world.passenger().passenger_id}",
        "get_offer_details": f"offers://v1/{world.offer().offer_id}",
        "get_booking": f"bookings://v1/{world.booking().booking_id}",
        "read_semantic_resource": "guides://v1/booking",
    }


def text_of(told: dict[str, Any]) -> str:
    (contents,) = told["contents"]
    text: str = contents["text"]
    return text


def test_the_templates_are_those_of_the_declarations(stage: Stage, era: Era) -> None:
    told = result(say(stage, era, "resources/templates/list"))
    found = {one["uriTemplate"]: one for one in told["resourceTemplates"]}
    assert set(found) >= TEMPLATES
    assert all(one["description"] and one["title"] for one in found.values())
    assert found["guides://v1/{slug}"]["mimeType"] == "text/markdown"
    assert found["bookings://v1/{booking_id}"]["mimeType"] == "application/json"
    assert not any("identity" in uri or "payment" in uri for uri in found)
    if era == "modern":
        assert (told["cacheScope"], told["ttlMs"]) == ("public", 3_600_000)


def test_the_snapshot_command_prints_every_template(stage: Stage, era: Era) -> None:
    printed = StringIO()
    call_command("mcp_resources", stdout=printed)
    assert json.loads(printed.getvalue()) == result(say(stage, era, "resources/templates/list"))["resourceTemplates"]


def test_what_is_declared_for_agents_can_be_read_by_uri(stage: Stage, era: Era, owned: dict[str, str]) -> None:
    for name, uri in owned.items():
        told = result(read(stage, era, uri))
        (contents,) = told["contents"]
        assert contents["uri"] == uri
        operation = the(name)
        assert contents["mimeType"] == operation.result_model.document_type
        if era == "modern":
            assert told["cacheScope"] == ("private" if operation.scopes else "public")
            assert (told["ttlMs"] == 0) is bool(operation.scopes)


@pytest.mark.parametrize("name", ["get_user_profile", "get_offer_details", "get_booking", "get_passenger"])
def test_a_resource_says_what_rest_says(stage: Stage, era: Era, owned: dict[str, str], name: str) -> None:
    found = addresses.reader_at(owned[name])
    assert found is not None
    reader, named = found
    assert reader is the(name)
    arguments = {"provider": "sandbox", **named} if "{provider}" in reader.rest.path else named
    assert json.loads(text_of(result(read(stage, era, owned[name])))) == stage.call("rest", reader, arguments).body


def test_a_guide_is_a_text_with_its_title(stage: Stage, era: Era) -> None:
    text = text_of(result(read(stage, era, "guides://v1/booking")))
    assert text.startswith("# From a wish to a ticket\n\n1. ")
    assert text.endswith("\n")


def test_each_read_leaves_the_line_of_its_operation(stage: Stage, era: Era, owned: dict[str, str]) -> None:
    for name, uri in owned.items():
        before = AuditEvent.objects.filter(operation=name, door="mcp").count()
        read(stage, era, uri)
        lines = AuditEvent.objects.filter(operation=name, door="mcp").order_by("-pk")
        assert lines.count() == before + 1
        assert (lines[0].user_id, lines[0].client_id) == (stage.ana.pk, "scout")


def test_a_read_by_uri_spends_the_limit_of_the_tool(stage: Stage, era: Era, owned: dict[str, str]) -> None:
    operation = the("get_booking")
    limits.MEMORY.forget()
    uri, named = owned["get_booking"], {"booking_id": owned["get_booking"].rpartition("/")[2]}
    for _ in range(operation.per_minute // 2):
        result(read(stage, era, uri))
        assert not stage.call("mcp", operation, named).is_refusal
    told = error(read(stage, era, uri))
    assert (told["code"], told["data"]["code"]) == (-32000, "tool_rate_limited")
    assert told["data"]["retry_after"] >= 1
    assert stage.call("mcp", operation, named).code == "tool_rate_limited"
    result(read(stage, era, "users://v1/me"))


def test_the_list_has_what_there_is_once_the_guides_and_the_latest_bookings(
    stage: Stage, era: Era, world: World
) -> None:
    booking = world.booking()
    told = result(say(stage, era, "resources/list"))
    found = {one["uri"]: one for one in told["resources"]}
    assert {"users://v1/me", "guides://v1/booking", "guides://v1/errors", "guides://v1/provider-sandbox"} <= set(found)
    shown = found[f"bookings://v1/{booking.booking_id}"]
    assert booking.route in shown["title"]
    assert booking.departing_at.isoformat()[:10] in shown["title"]
    assert found["guides://v1/booking"]["title"] == "From a wish to a ticket"
    if era == "modern":
        assert (told["cacheScope"], told["ttlMs"]) == ("private", 0)
    for uri in found:
        result(read(stage, era, uri))


def test_the_list_holds_nothing_that_the_token_may_not_list(stage: Stage, era: Era, owned: dict[str, str]) -> None:
    before = AuditEvent.objects.filter(operation="search_bookings").count()
    told = result(say(stage, era, "resources/list", token=token_of(stage, stage.ana, "flights:read")))
    found = {one["uri"] for one in told["resources"]}
    assert "guides://v1/booking" in found
    assert not any(uri.startswith("bookings:") for uri in found)
    assert AuditEvent.objects.filter(operation="search_bookings").count() == before


def test_the_list_of_somebody_else_has_none_of_hers(stage: Stage, era: Era, owned: dict[str, str]) -> None:
    assert "bookings://" not in say(stage, era, "resources/list", token=stage.as_bo.token).text


def test_many_bookings_come_page_by_page_and_each_once(stage: Stage, era: Era) -> None:
    of_bo = stage.world(stage.bo)
    made = {f"bookings://v1/{of_bo.booking().booking_id}" for _ in range(22)}
    seen: list[str] = []
    cursor = None
    for _ in range(10):
        params: dict[str, str] = {} if cursor is None else {"cursor": cursor}
        told = result(say(stage, era, "resources/list", token=stage.as_bo.token, **params))
        seen += [one["uri"] for one in told["resources"]]
        cursor = told.get("nextCursor")
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert made <= set(seen)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "next",
        "x" * 5_000,
        "WyJhIl0",
        "WyJzZWFyY2hfYm9va2luZ3MiLCJ4Il0",
        "WyJkZWxldGVfcGFzc2VuZ2VyX3Byb2ZpbGUiLCJ4Il0",
    ],
    ids=["empty", "word", "long", "one part", "foreign inside", "another operation"],
)
def test_a_cursor_of_nobody_is_told_so(stage: Stage, era: Era, cursor: str) -> None:
    told = error(say(stage, era, "resources/list", cursor=cursor))
    assert (told["code"], told["data"]["code"]) == (-32602, "cursor_invalid")


def test_there_is_one_page_of_templates(stage: Stage, era: Era) -> None:
    told = error(say(stage, era, "resources/templates/list", cursor="next"))
    assert (told["code"], told["data"]["code"]) == (-32602, "cursor_invalid")


def test_absent_foreign_and_malformed_are_one_answer(stage: Stage, era: Era, owned: dict[str, str]) -> None:
    foreign = [stage.world(stage.bo).offer().offer_id, stage.world(stage.bo).passenger().passenger_id]
    uris = [
        f"bookings://v1/{uuid4()}",
        f"offers://v1/{uuid4()}",
        f"passengers://v1/{foreign[1]}",
        f"bookings://v1/{stage.world(stage.bo).booking().booking_id}",
        "bookings://v1/none",
        "guides://v1/nothing",
        "guides://v1/provider-nobody",
        "trains://v1/1",
    ]
    answers = [error(read(stage, era, uri)) for uri in uris]
    for told, uri in zip(answers, uris, strict=True):
        del told["data"]["request_id"]
        assert (told["data"].pop("uri"), told["data"].pop("details")) == (uri, {"uri": uri})
    assert all(told == answers[0] for told in answers)
    assert answers[0]["code"] == (-32602 if era == "modern" else -32002)
    assert answers[0]["data"]["code"] == "resource_not_found"


def test_an_offer_that_nobody_took_is_for_its_partner_s_key_alone(stage: Stage, era: Era) -> None:
    """The URI holds no provider, and that widens nothing: an agent calls without a key."""
    offer = World(by_key(stage.aviare)).offer()
    assert error(read(stage, era, f"offers://v1/{offer.offer_id}"))["data"]["code"] == "resource_not_found"


def test_an_offer_of_a_sandbox_is_not_there_where_agents_do_not_reach_it(
    stage: Stage, era: Era, owned: dict[str, str], settings: Any
) -> None:
    settings.MOVMO_SANDBOX_FOR_AGENTS = False
    for name in ("get_offer_details", "get_booking"):
        assert error(read(stage, era, owned[name]))["data"]["code"] == "resource_not_found"


@pytest.mark.parametrize("mode", MODES)
def test_scout_reads_with_the_sdk_s_own_client(stage: Stage, era: Era, mode: Mode, owned: dict[str, str]) -> None:
    async def look(client: Client) -> dict[str, Any]:
        listed = [str(one.uri) for one in (await client.list_resources()).resources]
        templates = [one.uri_template for one in (await client.list_resource_templates()).resource_templates]
        (contents,) = (await client.read_resource(owned["get_booking"])).contents
        return {"listed": listed, "templates": templates, "text": contents.text}  # type: ignore[union-attr]

    told = with_sdk(stage, mode, look, **by_token(stage))
    assert owned["get_booking"] in told["listed"]
    assert set(told["templates"]) >= TEMPLATES
    assert orjson.loads(told["text"])["booking_id"] in owned["get_booking"]


@pytest.mark.parametrize("mode", MODES)
def test_the_sdk_s_client_shows_why_there_is_none(stage: Stage, era: Era, mode: Mode) -> None:
    async def look(client: Client) -> dict[str, Any]:
        await client.read_resource(f"bookings://v1/{uuid4()}")
        return {}

    told: MCPError = refused(with_sdk, stage, mode, look, **by_token(stage))
    assert told.error.data["code"] == "resource_not_found"
    assert "resources/templates/list" in told.error.message
    assert house.ORIGIN not in told.error.message
