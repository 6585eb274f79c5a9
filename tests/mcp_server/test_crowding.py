"""One traveler's slow or endless calls leave everybody else's as they were."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.conf import settings as installed

from bookings.providers import registry as providers
from bookings.providers.errors import Unavailable
from bookings.providers.sandbox.adapter import SandboxProvider
from bookings.providers.types import ParsedOffer, SearchQuery
from bookings.sandbox_airline.services import SandboxAirline
from mcp_server import listening
from mcp_server.listening import MOST_URIS
from tests.contract.doors import NOON, Stage, committed_rows, set_stage
from tests.contract.world import departure_date
from tests.mcp_server.speaking import ERAS, Era, error, result, say

__all__ = ["committed_rows"]

LONG = 20
SOON = 5


@pytest.fixture(scope="module")
def stage(transactional_db: None) -> Iterator[Stage]:
    with set_stage(NOON) as stage:
        yield stage


class Asleep(SandboxProvider):
    """Answers nobody until it is woken."""

    def __init__(self) -> None:
        super().__init__(airline=SandboxAirline(), parse=providers.provider("sandbox").parse_offer)
        self.woken = threading.Event()
        self.asked = threading.Semaphore(0)

    def search(self, query: SearchQuery, *, now: datetime) -> list[ParsedOffer]:
        self.asked.release()
        assert self.woken.wait(LONG)
        raise Unavailable("it slept")


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asleep]:
    provider = Asleep()
    monkeypatch.setitem(providers._providers, "sandbox", provider)
    yield provider
    provider.woken.set()


def search(stage: Stage, era: Era) -> dict[str, Any]:
    part = {"origin": "MUC", "destination": "LIS", "departure_date": departure_date()}
    return result(say(stage, era, "tools/call", name="search_flights", arguments={"slices": [part]}))


@pytest.mark.parametrize("era", ERAS)
def test_slow_calls_of_one_traveler_leave_threads_to_the_others(stage: Stage, era: Era, asleep: Asleep) -> None:
    with ThreadPoolExecutor(installed.MOVMO_MCP_THREADS * 2) as crowd:
        slow = [crowd.submit(search, stage, era) for _ in range(installed.MOVMO_MCP_THREADS * 2)]
        for _ in range(installed.MOVMO_MCP_THREADS // 2):
            assert asleep.asked.acquire(timeout=LONG)
        try:
            hers = say(
                stage,
                era,
                "tools/call",
                token=stage.as_bo.token,
                name="get_user_profile",
                arguments={},
            )
            assert not result(hers).get("isError")
            assert not asleep.woken.is_set()
        finally:
            asleep.woken.set()
        assert all(one.result()["structuredContent"]["unavailable"] == ["sandbox"] for one in slow)


MESSAGES: dict[str, dict[str, Any]] = {
    "tools/list": {},
    "prompts/list": {},
    "prompts/get": {"name": "plan_trip", "arguments": {"origin": "MUC", "destination": "LIS"}},
    "resources/templates/list": {},
    "resources/read": {"uri": "guides://v1/No-Such-Guide"},
    "completion/complete": {
        "ref": {"type": "ref/prompt", "name": "plan_trip"},
        "argument": {"name": "wishes", "value": "a"},
    },
    "no/such/method": {},
}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("method", MESSAGES)
def test_who_asks_for_the_same_list_for_ever_is_told_to_wait(
    stage: Stage, era: Era, method: str, settings: Any
) -> None:
    settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST = 1, 8
    answers = [say(stage, era, method, **MESSAGES[method]) for _ in range(9)]
    assert [one for one in answers[:4] if one.status_code == 429] == []
    assert answers[-1].status_code == 429
    assert error(answers[-1])["data"]["code"] == "rate_limited"
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert say(stage, era, method, token=stage.as_bo.token, **MESSAGES[method]).status_code != 429


def test_who_asks_for_streams_that_nobody_opens_is_told_to_wait(stage: Stage, settings: Any) -> None:
    settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST = 1, 3
    uris = [f"bookings://v1/{uuid4()}" for _ in range(MOST_URIS + 1)]
    asked: dict[str, Any] = {"notifications": {"resourceSubscriptions": uris}}
    answers = [say(stage, "modern", listening.METHOD, **asked) for _ in range(5)]
    assert error(answers[0])["data"]["code"] == "validation_failed"
    assert answers[-1].status_code == 429


def test_what_is_no_message_is_no_way_around_the_limit(stage: Stage, settings: Any) -> None:
    settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST = 1, 3
    headers = {"content-type": "application/json", "accept": "*/*", **stage.as_ana.bearer}
    answers = [stage.http.post("/v1/mcp", headers=headers, content=b"[]") for _ in range(5)]
    assert [one.status_code for one in answers][::4] == [400, 429]


def test_an_answer_to_countless_fields_is_short(stage: Stage) -> None:
    """A model reads all of it. What it named the fields is repeated so far that it knows them again."""
    fields = {f"{number} {'name' * 300}": 1 for number in range(400)}
    told = result(say(stage, "modern", "tools/call", name="get_user_profile", arguments=fields))
    assert told["structuredContent"]["message"] == "The request has 400 invalid field(s)."
    assert len(orjson.dumps(told)) < 40_000
    assert "/0 namename" in next(iter(told["structuredContent"]["fields"]))
