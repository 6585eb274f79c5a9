"""A search over both doors: the same wishes find the same offers, page by page, and an agent hears its progress."""

from functools import partial
from typing import Any

import pytest
from mcp import Client

from tests.contract.doors import Stage
from tests.contract.world import departure_date
from tests.product.clients import MODES, Backend, Mode, Told, by_token, tool, with_sdk


def wishes() -> dict[str, Any]:
    leg = {"origin": "MUC", "destination": "LIS", "departure_date": departure_date().isoformat()}
    return {
        "slices": [{**leg, "earliest_departure": "06:00", "latest_departure": "20:59"}],
        "cabin_class": "economy",
        "max_connections": 0,
        "carriers": ["XX"],
        "exclude_carriers": ["ZZ"],
        "max_total": {"amount": "5000.00", "currency": "EUR"},
        "refundable_only": True,
        "min_checked_bags": 1,
        "sort": "departure",
        "limit": 1,
    }


def flown(page: Told) -> list[tuple[str, str, str]]:
    offers = page["data"]
    return [(one["total"]["amount"], *one["slices"][0]["flights"], one["slices"][0]["fare_brand"]) for one in offers]


async def pages(client: Client) -> Told:
    """Every page: the second by the cursor alone, the later ones with the wishes repeated, as agents do."""
    page = await tool(client, "search_flights", **wishes())
    found, repeated = [*page["data"]], {"limit": 1}
    while page["next_cursor"]:
        page = await tool(client, "search_flights", cursor=page["next_cursor"], **repeated)
        found, repeated = [*found, *page["data"]], wishes()
    return {"data": found}


@pytest.mark.parametrize("mode", MODES)
def test_wishes_mean_the_same_over_both_doors(stage: Stage, mode: Mode) -> None:
    by_agent = flown(with_sdk(stage, mode, pages, **by_token(stage)))
    by_back_end = flown(Backend(stage).post("/v1/flights/search", {**wishes(), "limit": 50}).json())
    assert by_agent == by_back_end
    assert len(by_agent) > 1
    assert {brand for _, _, brand in by_agent} == {"Flex"}


async def searching(client: Client, *, heard: list[Any], **leg: str) -> Told:
    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    slices = [{"departure_date": departure_date().isoformat(), **leg}]
    result = await client.call_tool("search_flights", {"slices": slices}, progress_callback=hear)
    heard.append("result")
    assert result.structured_content is not None
    return dict(result.structured_content)


@pytest.mark.parametrize("mode", MODES)
def test_an_agent_hears_how_far_its_search_has_come(stage: Stage, mode: Mode) -> None:
    heard: list[Any] = []
    to_lisbon = partial(searching, heard=heard, origin="MUC", destination="LIS")
    assert with_sdk(stage, mode, to_lisbon, **by_token(stage))["data"]
    assert heard == [(0, 1, "0 of 1 providers answered"), (1, 1, "1 of 1 providers answered"), "result"]


@pytest.mark.parametrize("mode", MODES)
def test_and_nothing_in_the_words_of_a_provider_that_fails(stage: Stage, mode: Mode) -> None:
    heard: list[Any] = []
    times_out = partial(searching, heard=heard, origin="STN", destination="LHR")
    assert with_sdk(stage, mode, times_out, **by_token(stage))["unavailable"] == ["sandbox"]
    assert heard == [(0, 1, "0 of 1 providers answered"), (1, 1, "0 of 1 providers answered"), "result"]
