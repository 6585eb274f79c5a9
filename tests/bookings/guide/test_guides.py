"""Guides: they are found, they are true, and they hold nothing of anybody."""

import re

import pytest

from bookings.guide.schemas import GuideList, GuideView
from movmo.accounts.models import User
from movmo.kit.errors import InvalidArguments, NotFound, all_errors
from movmo.operations import registry
from movmo.operations.context import Caller
from tests.contract.world import World, by_agent, view_of
from tests.factories import application

pytestmark = pytest.mark.django_db

LONGEST = 30_000  # characters, for somebody who pays for reading


def slugs(world: World, by: Caller | None = None) -> list[str]:
    return [one.slug for one in view_of(GuideList, world.call("list_semantic_resources", by=by)).data]


def text(world: World, slug: str) -> str:
    return view_of(GuideView, world.call("read_semantic_resource", slug=slug)).text


def test_every_guide_of_the_list_can_be_read(world: World) -> None:
    found = slugs(world)
    assert {"booking", "errors", "fare-rules", "what-a-person-does", "provider-sandbox"} <= set(found)
    for slug in found:
        assert 100 < len(text(world, slug)) < LONGEST


def test_what_a_guide_calls_a_tool_is_one(world: World) -> None:
    tools = {operation.name for operation in registry.tools()}
    fields = {"offer_id", "quote_id", "payment_method_id", "expected_total", "idempotency_key", "passenger_id"}
    for slug in slugs(world):
        if slug == "errors":
            continue
        named = set(re.findall(r"\b(?:[a-z]+_)+[a-z]+\b", text(world, slug)))
        verbs = (
            "get_",
            "search_",
            "create_",
            "update_",
            "confirm_",
            "cancel_",
            "quote_",
            "accept_",
            "select_",
            "refresh_",
        )
        assert {name for name in named if name.startswith(verbs)} - fields - set(all_errors()) <= tools, slug


def test_the_error_reference_knows_every_code(world: World) -> None:
    told = text(world, "errors")
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
