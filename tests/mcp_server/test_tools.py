"""What a tool looks like from outside, and the snapshot command that prints it."""

import json
import re
from collections.abc import Iterator
from io import StringIO
from typing import Annotated, Any, Literal

import orjson
import pytest
from django.core.management import call_command
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp_types import Tool
from pydantic import Field

from mcp_server.instructions import STEPS, instructions
from mcp_server.lean import of_input, without_detours
from mcp_server.resources import HOUR_MS
from mcp_server.tools import Catalogue
from movmo.operations import registry
from movmo.operations.context import Context, Request, View
from movmo.operations.spec import GET, Credentials, Effect, operation
from tests.contract.arguments import arguments_for
from tests.contract.world import World
from tests.mcp_server.conftest import Post


class Kite(View):
    kind: Literal["kite"] = "kite"
    title: str = Field(title="Its title")


class Balloon(View):
    kind: Literal["balloon"] = "balloon"


class ToyBox(View):
    toy: Annotated[Kite | Balloon, Field(discriminator="kind")]
    inner: "ToyBox | None" = None


class OpenBox(Request):
    title: str | None = Field(default=None, description="Its title")
    inner: "OpenBox | None" = Field(default=None, description="The box in it")


@pytest.fixture
def catalogue(toys: None) -> Catalogue:
    return Catalogue(registry.tools())


def tool_of(catalogue: Catalogue, name: str) -> Tool:
    return next(tool for tool in catalogue.tools if tool.name == name)


def the_house() -> Catalogue:
    """What is really served."""
    return Catalogue(registry.tools())


every_tool = pytest.mark.parametrize("tool", the_house().tools, ids=lambda tool: tool.name)
PERSON = {
    "passenger_id": "0198f3c2-7d1e-7a44-9b0c-5f2d1c3e8a10",
    "given_name": "Ana",
    "family_name": "Andersson",
    "birth_date": "1988-04-12",
    "gender": "F",
    "idempotency_key": "ana-writes-once",
}


def schemas(catalogue: Catalogue) -> list[dict[str, Any]]:
    return [schema for tool in catalogue.tools for schema in (tool.input_schema, tool.output_schema or {})]


def test_every_schema_is_a_valid_2020_12_object(catalogue: Catalogue) -> None:
    for schema in schemas(catalogue):
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"


def test_a_read_takes_its_arguments_and_nothing_else(catalogue: Catalogue) -> None:
    schema = tool_of(catalogue, "look_at_kite").input_schema
    assert set(schema["properties"]) == {"name", "title"}
    assert schema["properties"]["name"] == {
        "type": "string",
        "description": "The kite's name",
        "minLength": 2,
        "maxLength": 20,
    }
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["name"]


def test_a_write_requires_a_described_key_and_says_if_it_was_replayed(catalogue: Catalogue) -> None:
    tool = tool_of(catalogue, "buy_kite")
    key = tool.input_schema["properties"]["idempotency_key"]
    assert key["pattern"].endswith("{8,255}$")
    assert "each new intention" in key["description"]
    assert tool.input_schema["required"] == ["name", "idempotency_key"]
    assert tool.output_schema is not None
    assert tool.output_schema["properties"]["replayed"]["type"] == "boolean"


@pytest.mark.parametrize(
    ("name", "read_only", "destructive"), [("look_at_kite", True, False), ("buy_kite", False, False)]
)
def test_all_four_annotations_are_set(catalogue: Catalogue, name: str, read_only: bool, destructive: bool) -> None:
    tool = tool_of(catalogue, name)
    hints = tool.annotations
    assert hints is not None
    assert (hints.read_only_hint, hints.destructive_hint) == (read_only, destructive)
    assert (hints.idempotent_hint, hints.open_world_hint) == (True, False)
    assert tool.title  # which is enough: clients fall back on it


def test_description_and_title_come_from_the_docstring(catalogue: Catalogue) -> None:
    tool = tool_of(catalogue, "look_at_kite")
    assert (tool.title, tool.description) == ("Look at a kite", "Use it before you buy one. Next: buy_kite.")


def test_recursive_and_tagged_models_stay_plain_json_schema(toys: None) -> None:
    @operation(
        "open_box",
        rest=GET("/v1/flights/boxes"),
        needs=Credentials.KEY,
        scopes=(),
        effect=Effect.READ,
        open_world=True,
    )
    def open_box(ctx: Context, request: OpenBox) -> ToyBox:
        """Open a box

        It may hold another.
        """
        raise AssertionError("only its schema is looked at")

    tool = tool_of(Catalogue(registry.tools()), "open_box")
    schema = tool.output_schema
    assert schema is not None
    assert schema["type"] == "object"
    assert "discriminator" not in json.dumps(schema)
    # A field of that name stays; pydantic's own titles go.
    assert tool.input_schema["properties"]["title"]["description"] == "Its title"
    Draft202012Validator(tool.input_schema).validate({"title": "x", "inner": {"title": "y"}})
    Draft202012Validator(schema).validate({"toy": {"kind": "kite", "title": "x"}, "inner": None})
    assert tool.annotations is not None
    assert tool.annotations.open_world_hint is True


def test_instructions_speak_of_served_tools_only() -> None:
    assert "create_booking" not in instructions(["search_flights", "get_booking"])
    every = {name for needs, _ in STEPS for name in needs}
    assert 10 <= len(instructions(every).splitlines()) <= 15


def test_instructions_reach_clients_of_both_eras(knock: Post) -> None:
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "scout", "version": "1"}}
    legacy = knock({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})
    assert "idempotency_key" in legacy.text
    version = "io.modelcontextprotocol/protocolVersion"
    meta = {version: "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    modern = knock(
        {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": meta}},
        mcp_protocol_version="2026-07-28",
        mcp_method="server/discover",
    )
    assert "idempotency_key" in modern.json()["result"]["instructions"]


def test_the_list_has_one_page(knock: Post) -> None:
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": "next"}}
    assert "-32602" in knock(listing).text


def test_the_snapshot_command_prints_every_tool(toys: None) -> None:
    printed = StringIO()
    call_command("mcp_tools", stdout=printed)
    tools = json.loads(printed.getvalue())
    assert [tool["name"] for tool in tools] == ["buy_kite", "look_at_kite", "odd_kite", "tear_kite"]
    assert all(tool["inputSchema"] and tool["outputSchema"] and tool["annotations"] for tool in tools)


def test_all_tools_together_are_short_enough_to_be_read() -> None:
    told = the_house().tools
    whole = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in told]
    around = {"resultType": "complete", "ttlMs": HOUR_MS, "cacheScope": "public"}
    answer = {"jsonrpc": "2.0", "id": 1, "result": {**around, "tools": whole}}
    assert len(orjson.dumps(answer)) <= 40_000
    assert len(told) <= 26


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["search_flights", "create_booking", "get_booking", "get_user_profile"])
def test_an_answer_fits_the_schema_that_announced_it(world: World, name: str) -> None:
    schema = tool_of(the_house(), name).output_schema
    answer = world.call(name, **arguments_for(name, world)).view.model_dump(mode="json")
    assert schema is not None
    assert set(schema["properties"]) - {"replayed"} == set(answer)
    Draft202012Validator(schema).validate(answer)


WHEN_NOT = re.compile(r"\bNot\b|\bdo not\b|\bnot to\b")
NEXT = re.compile(r"\bNext(?:, [^.:]+)?:\s(.+)$", re.DOTALL)


@every_tool
def test_a_description_says_when_not_to_use_the_tool_and_what_to_call_next(tool: Tool) -> None:
    told = tool.description or ""
    assert WHEN_NOT.search(told), "tell what the tool is not for, and which one is"
    follows = NEXT.search(told)
    assert follows, "end with what to call next"
    named = {name for name in re.findall(r"[a-z]+(?:_[a-z]+)+", told) if registry.get(name)}
    assert named <= {one.name for one in registry.tools()}, "an agent has no such tool"
    assert 120 <= len(told) <= 700
    assert 10 <= len(tool.title or "") <= 70


def fields_of(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field that an agent may fill in, with those of objects within it."""
    for name, field in schema.get("properties", {}).items():
        yield f"{path}/{name}", field
        for inner in (field, field.get("items", {}), *field.get("anyOf", [])):
            yield from fields_of(inner, f"{path}/{name}")
    for name, defined in schema.get("$defs", {}).items():
        yield from fields_of(defined, name)


@every_tool
def test_every_field_says_what_belongs_into_it(tool: Tool) -> None:
    silent = [path for path, field in fields_of(tool.input_schema) if len(field.get("description", "")) < 8]
    assert silent == []


@every_tool
def test_no_field_takes_just_any_text(tool: Tool) -> None:
    """An id, a pattern, an enum or a bound: something that an agent can check before it calls."""
    bounds = {"pattern", "enum", "const", "maxLength", "maxItems", "maximum", "$ref", "anyOf", "properties"}
    fields = [(path, field) for path, field in fields_of(tool.input_schema) if field.get("type") != "boolean"]
    loose = [path for path, field in fields if not bounds & set(field)]
    assert {path.rpartition("/")[2] for path in loose} <= PLAIN


PLAIN = {
    *("offer_id", "booking_id", "passenger_id", "slot_id", "quote_id", "change_id", "payment_method_id", "approval_id"),
    *("birth_date", "departure_date", "offer"),
}
"""Ids of ours, dates, and a provider's own offer: their descriptions say so."""


@every_tool
def test_the_annotations_say_what_the_operation_does(tool: Tool) -> None:
    known, hints = registry.get(tool.name), tool.annotations
    assert known is not None
    assert hints is not None
    assert hints.read_only_hint is (known.effect is Effect.READ)
    # The protocol's own words: whatever is not additive only. What is replaced is lost as what is deleted is.
    replaces = known.rest.method in ("PUT", "DELETE")
    assert hints.destructive_hint is (known.effect is Effect.IRREVERSIBLE or replaces)
    assert hints.idempotent_hint is True
    # Whatever is done in an airline's system, or asked of it, while the caller waits.
    if known.is_saga or known.ask is not None:
        assert hints.open_world_hint is True


def test_these_tools_reach_beyond_the_house() -> None:
    assert {tool.name for tool in the_house().tools if tool.annotations and tool.annotations.open_world_hint} == {
        *("search_flights", "refresh_offer", "get_seat_map", "select_services", "create_booking", "get_booking"),
        *("confirm_hold", "quote_cancellation", "cancel_booking", "accept_schedule_change"),
    }


def test_what_is_used_once_stands_in_its_place() -> None:
    schema = {
        "$defs": {
            "Once": {"type": "object", "properties": {"twice": {"$ref": "#/$defs/Twice"}}},
            "Twice": {"enum": ["a"], "description": "Its own words."},
        },
        "properties": {
            "once": {"$ref": "#/$defs/Once", "description": "Here."},
            "twice": {"$ref": "#/$defs/Twice"},
        },
    }
    assert without_detours(schema) == {
        "$defs": {"Twice": {"enum": ["a"], "description": "Its own words."}},
        "properties": {
            "once": {"type": "object", "properties": {"twice": {"$ref": "#/$defs/Twice"}}, "description": "Here."},
            "twice": {"$ref": "#/$defs/Twice"},
        },
    }


def test_what_must_be_said_may_be_said_with_null() -> None:
    """`update_passenger_profile` wants every field, with null for what there is not."""
    tool = tool_of(the_house(), "update_passenger_profile")
    person: dict[str, Any] = {
        **PERSON,
        "nationality": None,
        "email": None,
        "phone_number": None,
        "loyalty_programmes": [],
    }
    Draft202012Validator(tool.input_schema).validate(person)


def test_what_may_be_left_out_is_not_offered_as_null() -> None:
    class Wish(Request):
        format: str | None = Field(default=None, description="A field of this name is a field.", examples=["A4"])
        size: int = Field(default=3, description="How large.")

    told = of_input(Wish.model_json_schema())["properties"]
    assert told == {
        "format": {"type": "string", "description": "A field of this name is a field."},
        "size": {"type": "integer", "description": "How large.", "default": 3},
    }
