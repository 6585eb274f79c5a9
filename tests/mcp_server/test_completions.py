"""Completions: the likeliest first, only what the token may list, and nothing of anybody else."""

from typing import Any
from uuid import uuid4

import pytest
from mcp import Client
from mcp_types import PromptReference, ResourceTemplateReference

from mcp_server.completions import completion_of
from movmo.operations import limits
from movmo.operations.models import AuditEvent
from tests.contract.doors import Stage, committed_rows, the_stage
from tests.contract.world import World, the
from tests.mcp_server.speaking import ERAS, Era, error, result, say, token_of
from tests.product.clients import MODES, Mode, by_token, with_sdk

__all__ = ["committed_rows", "the_stage"]

each_era = pytest.mark.parametrize("era", ERAS)

PLAN = {"type": "ref/prompt", "name": "plan_trip"}
CANCEL = {"type": "ref/prompt", "name": "cancel_trip"}
BOOKING = {"type": "ref/resource", "uri": "bookings://v1/{booking_id}"}
GUIDE = {"type": "ref/resource", "uri": "guides://v1/{slug}"}


@pytest.fixture(scope="module")
def world(stage: Stage) -> World:
    return stage.world()


def ask(stage: Stage, era: Era, ref: dict[str, str], name: str, value: str, **options: Any) -> Any:
    return say(stage, era, "completion/complete", ref=ref, argument={"name": name, "value": value}, **options)


def complete(stage: Stage, era: Era, ref: dict[str, str], name: str, value: str, **options: Any) -> dict[str, Any]:
    told: dict[str, Any] = result(ask(stage, era, ref, name, value, **options))["completion"]
    assert len(told["values"]) <= 100
    assert told.get("hasMore") is not None
    return told


@each_era
@pytest.mark.parametrize("name", ["origin", "destination"])
@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("zur", "ZRH"),
        ("zür", "ZRH"),
        ("ZÜRICH", "ZRH"),
        ("zrh", "ZRH"),
        ("muc", "MUC"),
        (" lisb", "LIS"),
        ("heathrow", "LHR"),
        ("são pau", "GRU"),
        ("new york jo", "JFK"),
    ],
)
def test_airports_are_found_by_code_and_city(stage: Stage, era: Era, name: str, typed: str, first: str) -> None:
    told = complete(stage, era, PLAN, name, typed)
    assert told["values"][0] == first
    assert told["total"] >= len(told["values"])


@each_era
def test_a_city_s_airports_come_before_its_namesakes(stage: Stage, era: Era) -> None:
    values = complete(stage, era, PLAN, "origin", "london")["values"]
    assert set(values[:5]) <= {"LHR", "LGW", "LCY", "LTN", "STN", "BQH", "NHT"}
    assert "YXU" in values


@each_era
def test_at_most_a_hundred_come_and_the_rest_is_counted(stage: Stage, era: Era) -> None:
    told = complete(stage, era, PLAN, "origin", "s")
    assert len(told["values"]) == 100
    assert (told["total"] > 100, told["hasMore"]) == (True, True)


@each_era
@pytest.mark.parametrize("typed", ["", "   ", "qqqq", "%", "_", "'; --", "\0", "x" * 10_000, "\ud83d"])
def test_nothing_is_found_for_nothing(stage: Stage, era: Era, typed: str) -> None:
    if typed == "\ud83d":
        typed = "\N{AIRPLANE}"
    assert complete(stage, era, PLAN, "origin", typed) == {"values": [], "total": 0, "hasMore": False}


@each_era
def test_providers_and_guides_complete(stage: Stage, era: Era) -> None:
    assert complete(stage, era, PLAN, "provider", "sand")["values"] == ["sandbox"]
    assert complete(stage, era, PLAN, "provider", "")["values"] == ["sandbox"]
    assert complete(stage, era, GUIDE, "slug", "err")["values"] == ["errors", "errors-of-back-ends"]
    assert "provider-sandbox" in complete(stage, era, GUIDE, "slug", "")["values"]
    assert complete(stage, era, GUIDE, "slug", "zzz") == {"values": [], "total": 0, "hasMore": False}


@each_era
@pytest.mark.parametrize("ref", [CANCEL, BOOKING], ids=["prompt", "template"])
def test_her_bookings_are_found_by_id_route_date_and_pnr(
    stage: Stage, era: Era, world: World, ref: dict[str, str]
) -> None:
    booking = world.booking()
    mine = str(booking.booking_id)
    assert booking.record_locator is not None
    for typed in ("", mine[:30], "ams-lis", booking.departing_at.isoformat()[:10], booking.record_locator.lower()):
        assert mine in complete(stage, era, ref, "booking_id", typed)["values"], typed
    assert complete(stage, era, ref, "booking_id", mine)["values"] == [mine]
    assert mine not in complete(stage, era, ref, "booking_id", "xxx-yyy")["values"]


@each_era
def test_bookings_of_others_and_of_narrow_tokens_are_not_there(stage: Stage, era: Era, world: World) -> None:
    mine = str(world.booking().booking_id)
    assert mine not in ask(stage, era, BOOKING, "booking_id", mine, token=stage.as_bo.token).text
    before = AuditEvent.objects.filter(operation="search_bookings").count()
    narrow = token_of(stage, stage.ana, "flights:read")
    answer = ask(stage, era, BOOKING, "booking_id", mine, token=narrow)
    assert result(answer)["completion"] == {"values": [], "total": 0, "hasMore": False}
    assert AuditEvent.objects.filter(operation="search_bookings").count() == before


@each_era
def test_a_completion_is_a_call_of_its_list(stage: Stage, era: Era, world: World) -> None:
    world.booking()
    before = AuditEvent.objects.filter(operation="search_bookings", door="mcp").count()
    complete(stage, era, CANCEL, "booking_id", "")
    assert AuditEvent.objects.filter(operation="search_bookings", door="mcp").count() == before + 1


@each_era
def test_a_completion_spends_the_limit_of_its_list(stage: Stage, era: Era) -> None:
    limits.MEMORY.forget()
    for _ in range(60):
        complete(stage, era, CANCEL, "booking_id", "")
    told = error(ask(stage, era, CANCEL, "booking_id", ""))
    assert (told["code"], told["data"]["code"]) == (-32000, "tool_rate_limited")


def test_of_a_list_with_further_pages_is_said_that_there_is_more(stage: Stage) -> None:
    of_bo, listing = stage.world(stage.bo), the("search_bookings")
    made = [of_bo.booking() for _ in range(2)]
    assert listing.rows is not None
    page = of_bo.call("search_bookings", limit=1).view
    told = completion_of(listing.rows, page, "")
    assert (told.values, told.has_more, told.total) == ([str(made[-1].booking_id)], True, None)


@each_era
def test_an_argument_that_nothing_completes_has_no_values(stage: Stage, era: Era) -> None:
    assert complete(stage, era, PLAN, "wishes", "chea")["values"] == []
    offers = {"type": "ref/resource", "uri": "offers://v1/{offer_id}"}
    assert complete(stage, era, offers, "offer_id", "")["values"] == []


@each_era
@pytest.mark.parametrize(
    ("ref", "name", "pointer"),
    [
        ({"type": "ref/prompt", "name": "no_prompt"}, "origin", "/ref/name"),
        ({"type": "ref/prompt", "name": "x" * 10_000}, "origin", "/ref/name"),
        (PLAN, "booking_id", "/argument/name"),
        (PLAN, "__class__", "/argument/name"),
        ({"type": "ref/resource", "uri": "bookings://v1/{id}"}, "id", "/ref/uri"),
        ({"type": "ref/resource", "uri": "identity-documents://v1/{passenger_id}/{document_id}"}, "x", "/ref/uri"),
        (BOOKING, "slug", "/argument/name"),
        ({"type": "ref/resource", "uri": "users://v1/me"}, "me", "/argument/name"),
    ],
)
def test_what_there_is_not_is_named(stage: Stage, era: Era, ref: dict[str, str], name: str, pointer: str) -> None:
    told = error(ask(stage, era, ref, name, "x"))
    assert (told["code"], list(told["data"]["fields"])) == (-32602, [pointer])
    assert len(str(told)) < 1_000


@pytest.mark.parametrize("mode", MODES)
def test_scout_completes_with_the_sdk_s_own_client(stage: Stage, mode: Mode, world: World) -> None:
    mine = str(world.booking().booking_id)

    async def talk(client: Client) -> dict[str, Any]:
        plan = PromptReference(name="plan_trip")
        bookings = ResourceTemplateReference(uri="bookings://v1/{booking_id}")
        airports = await client.complete(plan, {"name": "origin", "value": "zur"})
        found = await client.complete(bookings, {"name": "booking_id", "value": mine[:20]})
        return {"airports": airports.completion.values, "bookings": found.completion.values}

    told = with_sdk(stage, mode, talk, **by_token(stage))
    assert told["airports"] == ["ZRH"]
    assert mine in told["bookings"]
    assert str(uuid4()) not in told["bookings"]
