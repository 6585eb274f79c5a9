"""Two versions side by side: the older says until when, everywhere, and is served until then."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

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


def test_the_toldmarks_it() -> None:
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


LAST_DAY = datetime(2027, 6, 1, 23, 59, tzinfo=UTC)


@pytest.fixture
def without_list_events(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The house as it is, less the first version of its list of events."""
    ledger.write_text(json.dumps({name: sunset and sunset.isoformat() for name, sunset in published.updated().items()}))
    monkeypatch.delitem(registry._operations, "list_events")


@pytest.mark.usefixtures("without_list_events")
def test_the_first_list_of_events_is_not_removed_before_its_sunset(clock: StoppedClock) -> None:
    clock.set(LAST_DAY)
    (found,) = checks.check_published()
    assert (found.id, found.obj) == ("movmo.E010", "list_events")
    assert "2027-06-01" in found.msg


@pytest.mark.usefixtures("without_list_events")
def test_the_first_list_of_events_may_go_after_its_sunset(clock: StoppedClock) -> None:
    clock.set(LAST_DAY + timedelta(minutes=1))
    assert checks.check_published() == []


def test_the_house_does_not_start_without_it(clock: StoppedClock, without_list_events: None) -> None:
    clock.set(LAST_DAY)
    with pytest.raises(SystemCheckError, match=r"list_events: .*its sunset is 2027-06-01"):
        call_command("check")


def test_the_toldshows_the_real_pair() -> None:
    told = document.build(registry.all_operations())
    first, second = (told["paths"][f"/v1/partner/events{version}"]["get"] for version in ("", "/v2"))
    assert (first["deprecated"], first["x-movmo-sunset"]) == (True, "2027-06-01")
    assert first["description"].startswith("Deprecated: use list_events_v2, removed after 2027-06-01. ")
    for answer in first["responses"].values():
        assert {"Deprecation", "Sunset", "Link"} <= set(answer["headers"])
    assert "deprecated" not in second
    assert all("Sunset" not in answer["headers"] for answer in second["responses"].values())


def test_every_successor_is_there_and_stays() -> None:
    going = [one for one in registry.all_operations() if one.deprecated]
    assert [one.name for one in going] == ["list_events"]
    for one in going:
        assert one.deprecated is not None
        follows = registry.get(one.deprecated.successor)
        assert follows is not None
        assert follows.deprecated is None
