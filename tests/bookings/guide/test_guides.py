"""Guides: they are found, they are true, and they hold nothing of anybody."""

import re
from typing import Any

import pytest

from bookings.guide.schemas import GuideList, GuideView
from movmo.accounts.models import User
from movmo.kit.errors import InvalidArguments, NotFound, all_errors
from movmo.operations import registry
from movmo.operations.context import Caller
from movmo.operations.spec import Effect
from tests.contract.registry import fields_of
from tests.contract.world import World, by_agent, view_of
from tests.factories import application

pytestmark = pytest.mark.django_db

OF_REFUSALS = {"code", "details", "fields", "hint", "request_id", "retry_after", "retryable"}
LONGEST = 30_000  # characters, for somebody who pays for reading


def slugs(world: World, by: Caller | None = None) -> list[str]:
    return [one.slug for one in view_of(GuideList, world.call("list_semantic_resources", by=by)).data]


def text(world: World, slug: str) -> str:
    return view_of(GuideView, world.call("read_semantic_resource", slug=slug)).text


def test_every_guide_of_the_list_can_be_read(world: World) -> None:
    found = slugs(world)
    for slug in found:
        assert 100 < len(text(world, slug)) < LONGEST


def every_word() -> set[str]:
    """What answers, arguments and refusals are made of: names of tools, fields, codes, and values of enums."""
    words = {operation.name for operation in registry.tools()} | set(all_errors())
    for known in registry.all_operations():
        words |= {name.rpartition(".")[2] for name, _ in fields_of(known.request_model)} | words_of(
            known.result_model.model_json_schema()
        )
    return words | {"idempotency_key", "replayed"} | OF_REFUSALS


def words_of(schema: Any) -> set[str]:
    """Names of properties, and values of enums, at any depth."""
    if isinstance(schema, list):
        return {word for part in schema for word in words_of(part)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", {})) | {one for one in schema.get("enum", []) if isinstance(one, str)}
    return own.union(*(words_of(part) for part in schema.values()))


def test_what_a_guide_names_is_there(world: World) -> None:
    """Tools, codes, fields and states; a name that nobody knows would send a model looking for it."""
    known = every_word()
    for slug in slugs(world):
        if slug.startswith("errors"):
            continue
        told = text(world, slug)
        named = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", told)) | set(re.findall(r"`([a-z_]+)`", told))
        assert named - known - set(slugs(world)) == set(), slug


def test_the_guide_to_approvals_names_every_call_that_asks(world: World) -> None:
    asks = {operation.name for operation in registry.tools() if operation.effect is Effect.IRREVERSIBLE}
    (sentence,) = re.findall(r"^.*?cannot be\s+undone\.", text(world, "approvals"), re.DOTALL)
    assert set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", sentence)) == asks


def test_there_is_a_guide_for_each_need(world: World) -> None:
    written = {"after-booking", "approvals", "booking", "errors", "errors-of-back-ends", "fare-rules"}
    written |= {"recovering", "what-a-person-does"}
    assert set(slugs(world)) == written | {"provider-sandbox"}


def test_every_provider_has_notes_from_its_capabilities(world: World) -> None:
    told = text(world, "provider-sandbox")
    assert "- yes: can be searched" in told
    assert "At most 9 passengers" in told


def test_the_error_reference_knows_every_code(world: World) -> None:
    told = text(world, "errors") + text(world, "errors-of-back-ends")
    ours = [code for code, error in all_errors().items() if not error.__module__.startswith("tests")]
    assert [code for code in ours if f"{code} (" not in told] == []
    assert "toy_" not in told


def test_notes_of_a_provider_go_to_those_who_reach_it(world: World, settings: object) -> None:
    settings.MOVMO_SANDBOX_FOR_AGENTS = False  # type: ignore[attr-defined]
    ana = User.objects.get(email="ana@example.com")
    scout = by_agent(ana, application())
    assert "provider-sandbox" not in slugs(world, scout)
    with pytest.raises(NotFound):
        world.call("read_semantic_resource", slug="provider-sandbox", by=scout)


@pytest.mark.parametrize("slug", ["nothing", "../queries", "booking.md", "", "Booking"])
def test_nothing_else_is_read(world: World, slug: str) -> None:
    with pytest.raises(NotFound if slug == "nothing" else InvalidArguments):
        world.call("read_semantic_resource", slug=slug)
