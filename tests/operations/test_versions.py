"""Two versions side by side: the older says until when, everywhere, and is served until then."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mcp_server.tools import Catalogue
from movmo.operations import checks, published, registry
from movmo.operations.spec import POST, Deprecation
from movmo.rest import versions
from movmo.rest.openapi import document
from tests.conftest import StoppedClock
from tests.operations import toys

GOING = Deprecation("write_v2", date(2027, 3, 1), date(2028, 3, 1))
OLD = replace(toys.WRITE, deprecated=GOING)
NEW = toys.operation(toys.write, name="write_v2", rest=POST("/v1/write/v2"))


def test_the_tool_says_first_what_to_use_instead() -> None:
    (tool,) = Catalogue([OLD]).tools
    assert tool.description is not None
    assert tool.description.startswith("Deprecated: use write_v2, removed after 2028-03-01. ")


def test_every_answer_over_rest_says_it_in_headers() -> None:
    assert versions.headers(OLD) == {
        "Deprecation": "@1803859200",
        "Sunset": "Wed, 01 Mar 2028 00:00:00 GMT",
        "Link": '</docs#write_v2>; rel="successor-version"',
    }
    assert versions.headers(NEW) == {}


def test_the_document_marks_it() -> None:
    paths = document.build([OLD, NEW])["paths"]
    assert (paths["/v1/write"]["post"]["deprecated"], paths["/v1/write"]["post"]["x-movmo-sunset"]) == (
        True,
        "2028-03-01",
    )


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "published.json"
    file.write_text("{}")
    monkeypatch.setattr(published, "FILE", file)
    return file


@pytest.mark.usefixtures("bare_registry")
def test_what_was_published_is_not_removed_before_its_sunset(ledger: Path, clock: StoppedClock) -> None:
    ledger.write_text(json.dumps({"write": "2028-03-01", "write_v2": None}))
    registry.register(NEW)
    assert [(found.id, found.obj) for found in checks.check_published()] == [("movmo.E010", "write")]
    clock.forward(days=367)
    assert checks.check_published() == []


@pytest.mark.usefixtures("bare_registry")
def test_what_was_never_deprecated_is_not_removed_at_all(ledger: Path, clock: StoppedClock) -> None:
    ledger.write_text(json.dumps({"write": None}))
    clock.forward(days=10_000)
    (found,) = checks.check_published()
    assert "never deprecated" in found.msg


@pytest.mark.usefixtures("bare_registry")
def test_the_list_forgets_nothing(ledger: Path) -> None:
    ledger.write_text(json.dumps({"gone": "2026-01-01", "write": None}))
    registry.register(NEW)
    registry.register(OLD)
    assert published.updated() == {"gone": date(2026, 1, 1), "write": date(2028, 3, 1), "write_v2": None}


def test_every_operation_of_the_house_is_on_it() -> None:
    assert set(published.known()) >= {operation.name for operation in registry.all_operations()}
