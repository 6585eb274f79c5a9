"""Batches as partners send them: a body that may be larger than others, and answers in the house's envelope."""

from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from movmo.kit.http import MAX_BODY
from movmo.rest import whole
from movmo.rest.media import largest_body
from partners.batch import queries
from partners.batch.models import Batch
from partners.batch.operations import MAX_BATCH
from partners.partner.models import Partner
from tests import factories
from tests.contract.world import new_key
from tests.partners import batching

pytestmark = pytest.mark.django_db(transaction=True)
BATCHES = "/v1/batches"
GONE = "0198f3c2-7d1e-7a44-9b0c-5f2d1c3e8a10"


@pytest.fixture
def key(aviare: Partner) -> dict[str, str]:
    return {"x-api-key": factories.api_key(aviare)}


def send(client: Client, key: dict[str, str], lines: str) -> Any:
    headers = {**key, "Idempotency-Key": new_key()}
    return client.post(BATCHES, orjson.dumps({"lines": lines}), content_type="application/json", headers=headers)


def test_from_the_file_to_its_results(client: Client, key: dict[str, str]) -> None:
    made = send(client, key, '{"operation": "get_usage"}\n{"operation": "list_providers", "arguments": {}}\n')
    assert made.status_code == 201
    address = made["Location"]
    assert address == f"{BATCHES}/{made.json()['batch_id']}"
    batching.work()
    told = client.get(address, headers=key).json()
    assert (told["status"], told["done"], told["progress"]) == ("completed", 2, 1)
    results = client.get(f"{address}/results?limit=1", headers=key).json()
    assert [one["line"] for one in results["data"]] == [1]
    assert results["data"][0]["result"]["plan"]["name"] == "commercial"
    rest = client.get(f"{address}/results?cursor={results['next_cursor']}", headers=key).json()
    assert [(one["line"], one["status_code"]) for one in rest["data"]] == [(2, 200)]
    ended = client.post(f"{address}/cancellation", b"{}", content_type="application/json", headers=key)
    assert (ended.status_code, ended.json()["status"]) == (200, "completed")


def test_a_batch_may_be_larger_than_other_bodies(client: Client, key: dict[str, str]) -> None:
    padded = '{"operation": "get_usage"' + " " * 13_000 + "}"
    assert len(padded) * 100 > MAX_BODY
    assert send(client, key, "\n".join([padded] * 100)).json()["lines"] == 100


def test_bytes_that_are_no_text_are_refused_whole(client: Client, key: dict[str, str]) -> None:
    sent = b'{"lines": "{\\"operation\\": \\"get_usage\\"}\\n{\\"operation\\": \\"get_usage\xe9\\"}"}'
    refused = client.post(BATCHES, sent, content_type="application/json", headers={**key, "Idempotency-Key": new_key()})
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_json")
    assert not Batch.objects.exists()


def test_it_has_its_limit_too(client: Client, key: dict[str, str]) -> None:
    refused = send(client, key, " " * MAX_BATCH)
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
    assert str(MAX_BATCH) in refused.json()["message"]
    assert not Batch.objects.exists()


def test_before_the_body_is_read_the_limit_goes_by_the_path() -> None:
    paths = (BATCHES, f"{BATCHES}/0198f3c2-7d1e-7a44-9b0c-5f2d1c3e8a10/cancellation", "/v1/flights/search", "/")
    assert [largest_body(path) for path in paths] == [MAX_BATCH, MAX_BODY, MAX_BODY, MAX_BODY]


def test_every_problem_is_told_by_its_line(client: Client, key: dict[str, str]) -> None:
    refused = send(client, key, '{"operation": "get_usage"}\n{"operation": "get_weather"}\n{')
    told = refused.json()
    assert (refused.status_code, told["code"]) == (400, "batch_invalid")
    assert [(one["line"], one["code"]) for one in told["details"]["problems"]] == [
        (2, "operation_unknown"),
        (3, "line_unreadable"),
    ]
    assert all(one["hint"] for one in told["details"]["problems"])
    assert not Batch.objects.exists()


class TestResultsAsJsonLines:
    LINES = {"Accept": "application/jsonl"}

    @pytest.fixture
    def address(self, client: Client, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
        """Of five lines, read by two at a time."""
        monkeypatch.setattr(queries, "AT_ONCE", 2)
        wrong = f'{{"operation": "get_export", "arguments": {{"export_id": "{GONE}"}}}}'
        made = send(client, key, "\n".join(['{"operation": "get_usage"}'] * 4 + [wrong]))
        batching.work()
        return f"{made['Location']}/results"

    def lines(self, answer: Any) -> list[dict[str, Any]]:
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/jsonl")
        text = b"".join(answer.streaming_content)
        answer.close()
        assert text == b"" or text.endswith(b"\n")
        return [orjson.loads(line) for line in text.splitlines()]

    def test_all_come_whole_and_once_as_on_the_pages(self, client: Client, key: dict[str, str], address: str) -> None:
        told = self.lines(client.get(f"{address}?limit=1", headers=key | self.LINES))
        assert [one["line"] for one in told] == [1, 2, 3, 4, 5]
        assert told == client.get(address, headers=key).json()["data"]
        assert told[0]["result"]["plan"]["name"] == "commercial"

    def test_some_are_chosen(self, client: Client, key: dict[str, str], address: str) -> None:
        refused = self.lines(client.get(f"{address}?status=refused", headers=key | self.LINES))
        assert [(one["line"], one["status_code"]) for one in refused] == [(5, 404)]
        cursor = client.get(f"{address}?limit=3", headers=key).json()["next_cursor"]
        rest = self.lines(client.get(f"{address}?cursor={cursor}", headers=key | self.LINES))
        assert [one["line"] for one in rest] == [4, 5]
        assert self.lines(client.get(f"{address}?status=waiting", headers=key | self.LINES)) == []

    def test_they_are_read_while_they_leave(self, client: Client, key: dict[str, str], address: str) -> None:
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address, headers=key | self.LINES)
            before = len(_of_lines(asked))
            assert len(self.lines(answer)) == 5
        assert before == 0
        assert len(_of_lines(asked)) == 4  # 2, 2, 1, none

    @pytest.mark.parametrize(
        ("accept", "expected"),
        [
            ("application/jsonl, application/json;q=0.5", "application/jsonl"),
            ("application/json, application/jsonl", "application/jsonl"),
            ("application/jsonl;q=0.5, application/json", "application/json"),
            ("application/jsonl;q=0, */*", "application/json"),
            ("application/jsonl;q=nonsense, */*", "application/json"),
            ("application/*", "application/json"),
            ("*/*", "application/json"),
        ],
    )
    def test_who_likes_json_better_gets_json(
        self, client: Client, key: dict[str, str], address: str, accept: str, expected: str
    ) -> None:
        answer = client.get(address, headers={**key, "Accept": accept})
        assert answer.headers["Content-Type"] == expected
        answer.close()

    def test_a_refusal_is_an_envelope(
        self, client: Client, key: dict[str, str], kestrel: Partner, address: str
    ) -> None:
        stranger = {"x-api-key": factories.api_key(kestrel)}
        for headers, asked, refusal in (
            (stranger, address, (404, "not_found")),
            (key, f"{address}?cursor=nonsense", (400, "cursor_invalid")),
            ({}, address, (401, "api_key_missing")),
        ):
            for _ in range(whole.AT_ONCE + 1):  # and gives its place back
                answer = client.get(asked, headers=headers | self.LINES)
                assert (answer.status_code, answer.json()["code"]) == refusal

    def test_it_is_a_call_like_others(self, client: Client, key: dict[str, str], address: str) -> None:
        answer = client.get(address, headers=key | self.LINES)
        answer.close()
        assert answer.headers["RateLimit"]
        assert answer.headers["X-Request-Id"]
        assert answer.headers["Cache-Control"] == "no-store"

    def test_a_list_that_has_none_says_so(self, client: Client, key: dict[str, str]) -> None:
        answer = client.get(BATCHES, headers=key | self.LINES)
        assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")

    def test_slow_readers_do_not_take_every_thread(self, client: Client, key: dict[str, str], address: str) -> None:
        slow = [client.get(address, headers=key | self.LINES) for _ in range(whole.AT_ONCE)]
        refused = client.get(address, headers=key | self.LINES)
        assert (refused.status_code, refused.json()["code"]) == (429, "streams_busy")
        assert refused.headers["Retry-After"] == "5"
        assert client.get(address, headers=key).status_code == 200
        for one in slow:
            one.close()
            one.close()
        again = [client.get(address, headers=key | self.LINES) for _ in range(whole.AT_ONCE)]
        assert [one.status_code for one in again] == [200] * whole.AT_ONCE
        for one in again:
            one.close()


def _of_lines(asked: CaptureQueriesContext) -> list[str]:
    return [one["sql"] for one in asked.captured_queries if 'FROM "batch_line"' in one["sql"]]
