"""What a tool looks like from outside, and the snapshot command that prints it."""

import json
from io import StringIO
from typing import Annotated, Any, Literal

import orjson
import pytest
from django.core.management import call_command
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp_types import Tool
from pydantic import Field

from mcp_server.instructions import STEPS, instructions
from mcp_server.lean import of_input
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
    ("name", "read_only", "destructive"), [("look_at_kite", True, False), ("buy_kite", False, True)]
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
    assert 10 <= len(instructions(every).splitlines()) <= 16


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
    told = Catalogue(registry.tools()).tools
    whole = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in told]
    assert len(orjson.dumps(whole)) <= 40_000
    assert len(told) <= 27


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["search_flights", "create_booking", "get_booking", "get_travel_preferences"])
def test_an_answer_fits_the_schema_that_announced_it(world: World, name: str) -> None:
    (schema,) = [tool.output_schema for tool in Catalogue(registry.tools()).tools if tool.name == name]
    answer = world.call(name, **arguments_for(name, world)).view.model_dump(mode="json")
    assert set(schema["properties"]) - {"replayed"} == set(answer)  # type: ignore[index]
    Draft202012Validator(schema).validate(answer)


def test_what_may_be_left_out_is_not_offered_as_null() -> None:
    class Wish(Request):
        format: str | None = Field(default=None, description="A field of this name is a field.", examples=["A4"])
        size: int = Field(default=3, description="How large.")

    told = of_input(Wish.model_json_schema())["properties"]
    assert told == {
        "format": {"type": "string", "description": "A field of this name is a field."},
        "size": {"type": "integer", "description": "How large.", "default": 3},
    }
