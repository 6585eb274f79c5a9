"""search_airports: what a few letters may mean, the likeliest first."""

import pytest

from bookings.catalogue.schemas import AirportList
from bookings.providers import airports
from movmo.kit.errors import InvalidArguments
from movmo.operations.context import Caller
from tests.contract.world import World, view_of

pytestmark = pytest.mark.django_db


def codes(world: World, query: str, **more: int) -> list[str]:
    found = view_of(AirportList, world.call("search_airports", query=query, **more))
    return [one.iata_code for one in found.data]


def test_an_airport_is_told_with_its_city_and_zone(world: World, aviare_alone: Caller) -> None:
    found = view_of(AirportList, world.call("search_airports", by=aviare_alone, query="zrh"))
    (zurich,) = found.data
    assert (zurich.name, zurich.city_name, zurich.country, zurich.zone) == (
        "Zurich Airport",
        "Zurich",
        "CH",
        "Europe/Zurich",
    )
    assert found.total == 1


@pytest.mark.parametrize(("query", "first"), [("zür", "ZRH"), ("SÃO PAULO", "GRU"), ("orly", "ORY"), ("o'hare", "ORD")])
def test_accents_capitals_and_signs_do_not_matter(world: World, query: str, first: str) -> None:
    assert codes(world, query)[0] == first


def test_a_code_comes_before_a_city_and_a_city_before_a_name(world: World) -> None:
    assert codes(world, "san")[:2] == ["SAN", "MYF"]
    assert codes(world, "lyon")[0] == "LYS"
    assert airports.airport("MUN") is not None
    assert codes(world, "mun")[:2] == ["MUN", "MUC"]


def test_a_page_holds_as_many_as_were_asked_for(world: World) -> None:
    found = view_of(AirportList, world.call("search_airports", query="s", limit=3))
    assert len(found.data) == 3
    assert found.total > 500


@pytest.mark.parametrize("query", ["qqqq", "%", "'; --", "🛫"])
def test_nothing_is_called_like_that(world: World, query: str) -> None:
    found = view_of(AirportList, world.call("search_airports", query=query))
    assert (found.data, found.total) == ([], 0)


@pytest.mark.parametrize("query", ["", "   ", "x" * 61])
def test_what_is_no_beginning_is_refused(world: World, query: str) -> None:
    with pytest.raises(InvalidArguments):
        world.call("search_airports", query=query)
