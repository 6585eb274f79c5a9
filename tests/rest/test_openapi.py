"""The document says what the door does: every operation, every refusal, every reference resolved, every name once."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import orjson
import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from pydantic import ConfigDict, Field, create_model

from movmo.kit.errors import Internal, InvalidArguments, all_errors
from movmo.operations import registry
from movmo.operations.context import Context, NoArguments, Request, View
from movmo.operations.credentials import CredentialRefused
from movmo.operations.scopes import SCOPES, InsufficientScope
from movmo.operations.spec import GET, PUT, Credentials, Effect, operation
from movmo.rest import urls
from movmo.rest.openapi import document
from movmo.rest.openapi.components import NameCollision
from movmo.rest.openapi.refusals import example, of_operation
from tests.rest import toys

ONE = "/v1/users/{user_id}/planes/{plane_id}"
PLANES = "/v1/users/{user_id}/planes"


@pytest.fixture
def toy_document(toy_registry: None) -> dict[str, Any]:
    return document.build(registry.all_operations())


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from walk(item)


def resolve(built: dict[str, Any], pointer: str) -> Any:
    node: Any = built
    for part in pointer.removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_bad_credentials_are_refusals_of_every_operation(toy_registry: None) -> None:
    kinds = {
        400: {"credential_in_url"},
        401: {"api_key_invalid", "token_invalid", "token_is_api_key"},
        403: {"token_not_for_partner"},
    }
    for known in registry.all_operations():
        told = of_operation(known)
        for status, codes in kinds.items():
            assert {error.code for error in told[status] if issubclass(error, CredentialRefused)} == codes
    assert CredentialRefused not in all_errors().values()


@pytest.mark.parametrize("which", ["toys", "the house"])
def test_every_reference_resolves_and_every_operation_is_there(which: str, request: pytest.FixtureRequest) -> None:
    if which == "toys":
        request.getfixturevalue("toy_registry")
    built = document.build(registry.all_operations())
    references = [node["$ref"] for node in walk(built) if isinstance(node.get("$ref"), str)]
    assert all(resolve(built, reference) for reference in references)
    for known in registry.all_operations():
        entry = built["paths"][known.rest.path][known.rest.method.lower()]
        assert entry["operationId"] == known.name
        shown = {
            code
            for answer in entry["responses"].values()
            for code in answer.get("content", {}).get("application/json", {}).get("examples", {})
        }
        assert {error.code for error in known.errors} | {Internal.code, InvalidArguments.code} <= shown
    assert yaml.safe_load(document.as_yaml(built)) == built


@pytest.mark.parametrize("which", ["toys", "the house"])
def test_every_request_example_is_taken(which: str, request: pytest.FixtureRequest) -> None:
    """What the reference shows can be sent: each body example, with its path's examples, fits its model."""
    if which == "toys":
        request.getfixturevalue("toy_registry")
    built = document.build(registry.all_operations())
    for known in registry.all_operations():
        entry = built["paths"][known.rest.path][known.rest.method.lower()]
        if "requestBody" in entry:
            path = {shown["name"]: shown["example"] for shown in entry.get("parameters", []) if shown["in"] == "path"}
            path.pop("user_id", None)
            body = entry["requestBody"]["content"]["application/json"]["example"]
            known.request_model.model_validate_json(orjson.dumps({**path, **body}), strict=True)


def test_a_read_has_parameters_and_no_body(toy_document: dict[str, Any]) -> None:
    entry = toy_document["paths"][ONE]["get"]
    assert [(shown["name"], shown["in"], shown["required"]) for shown in entry["parameters"]] == [
        ("user_id", "path", True),
        ("plane_id", "path", True),
        ("as_of", "query", False),
        ("limit", "query", False),
    ]
    assert entry["parameters"][2]["schema"]["type"] == "string"  # a URL has no null
    assert "requestBody" not in entry
    assert entry["summary"] == "Show a plane"
    assert entry["security"] == [{"partnerKey": [], "traveler": ["flights:read"]}]


def test_a_body_leaves_out_the_path_and_takes_a_key(toy_document: dict[str, Any]) -> None:
    body = toy_document["components"]["schemas"]["RenamePlaneBody"]
    assert list(body["properties"]) == ["name", "idempotency_key"]
    assert body["required"] == ["name"]
    assert body["additionalProperties"] is False
    assert "RenamePlane" not in toy_document["components"]["schemas"]


def test_a_saga_may_be_undecided(toy_document: dict[str, Any]) -> None:
    entry = toy_document["paths"][PLANES + "/launches"]["post"]
    assert {"201", "202"} <= set(entry["responses"])
    assert set(entry["responses"]["202"]["headers"]) >= {"Location", "Retry-After"}
    assert entry["x-movmo-effect"] == "irreversible"
    assert "idempotency_key_missing" in entry["responses"]["400"]["content"]["application/json"]["examples"]


def test_a_deletion_answers_without_a_body(toy_document: dict[str, Any]) -> None:
    answer = toy_document["paths"][ONE]["delete"]["responses"]["204"]
    assert "content" not in answer


def test_the_examples_are_what_the_door_sends(client: Client) -> None:
    known = registry.get("build_plane")
    assert known is not None
    sent = client.post("/v1/users/me/planes", {}, content_type="application/json").json()
    shown = example(InvalidArguments, known)
    assert sent | {"request_id": ""} == shown | {"request_id": ""}
    assert set(of_operation(known)) == {400, 401, 403, 404, 406, 409, 413, 415, 422, 429, 500}


def test_scopes_are_described_in_the_flow(toy_document: dict[str, Any]) -> None:
    flow = toy_document["components"]["securitySchemes"]["traveler"]["flows"]["authorizationCode"]
    assert flow["scopes"] == SCOPES
    assert InsufficientScope.code in str(toy_document["paths"][ONE]["get"]["responses"]["403"])


def test_two_models_of_one_name_are_refused(toy_registry: None) -> None:
    other = create_model("Sail", area=(int, ...))
    fleet = create_model("Fleet", __base__=View, sails=(list[other], ...))

    def list_fleets(ctx: Context, request: NoArguments) -> View:
        """List fleets

        All of them."""
        raise NotImplementedError

    list_fleets.__annotations__["return"] = fleet
    operation("list_fleets", rest=GET("/v1/fleets"), needs=Credentials.KEY, scopes=(), effect=Effect.READ)(list_fleets)
    with pytest.raises(NameCollision, match="Sail"):
        document.build(registry.all_operations())


def test_two_spellings_of_one_path_are_refused(toy_registry: None) -> None:
    class ByName(Request):
        name: str = Field(description="Whose.")

    @operation(
        "by_name", rest=GET(ONE.replace("plane_id", "name")), needs=Credentials.KEY, scopes=(), effect=Effect.READ
    )
    def by_name(ctx: Context, request: ByName) -> toys.PlaneView:
        """Show by name

        The same shape as by id."""
        raise NotImplementedError

    with pytest.raises(urls.RouteShadowed):
        urls.routes(registry.all_operations(), toys.ToyCredentials())


def test_both_spellings_are_public_and_cached(db: None) -> None:
    client = Client()
    as_json, as_yaml = client.get("/openapi.json"), client.get("/openapi.yaml")
    assert (as_json["Content-Type"], as_yaml["Content-Type"]) == ("application/json", "application/yaml")
    assert as_json.json() == yaml.safe_load(as_yaml.content)
    again = client.get("/openapi.json", headers={"If-None-Match": as_json["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_command_prints_what_is_served(db: None) -> None:
    printed = StringIO()
    call_command("openapi", stdout=printed)
    assert printed.getvalue().encode() == Client().get("/openapi.yaml").content


def test_a_whole_example_of_a_model_is_shown_as_it_is(toy_registry: None) -> None:
    class NameFleet(Request):
        model_config = ConfigDict(json_schema_extra={"examples": [{"fleet": "first", "name": "Armada"}]})
        fleet: str = Field(description="Which fleet.")
        name: str = Field(description="Its name.")

    def name_fleet(ctx: Context, request: Request) -> toys.PlaneView:
        """Name a fleet

        As a whole."""
        raise NotImplementedError

    name_fleet.__annotations__["request"] = NameFleet
    route = PUT("/v1/fleets/{fleet}")
    operation("name_fleet", rest=route, needs=Credentials.KEY, scopes=(), effect=Effect.WRITE)(name_fleet)
    body = document.build(registry.all_operations())["paths"][route.path]["put"]["requestBody"]
    assert body["content"]["application/json"]["example"] == {"name": "Armada"}
