import json
from collections.abc import Mapping
from pathlib import Path

from tests.conformance.results import Check, Scenario, read


def left(folder: Path, name: str, *checks: Mapping[str, object]) -> None:
    (folder / name).mkdir()
    (folder / name / "checks.json").write_text(json.dumps(checks))


def scenario(*statuses: str) -> Scenario:
    return Scenario("ping", tuple(Check(f"check-{number}", status) for number, status in enumerate(statuses)))


def test_results_are_read_by_the_names_of_their_folders(tmp_path: Path) -> None:
    fine = {"id": "sep-1", "status": "SUCCESS", "details": {}}
    left(tmp_path, "server-server-stateless-2026-11-20T18-58-44-414Z", fine)
    left(tmp_path, "authorization-server-authorization-code-grant-2026-11-20T18-58-44-414Z", fine)
    left(tmp_path, "server-ping-2026-11-20T18-58-44-414Z", {"id": "ping", "status": "FAILURE", "errorMessage": "No."})
    assert read(tmp_path) == [
        Scenario("authorization-code-grant", (Check("sep-1", "SUCCESS"),)),
        Scenario("ping", (Check("ping", "FAILURE", "No."),)),
        Scenario("server-stateless", (Check("sep-1", "SUCCESS"),)),
    ]


def test_what_is_no_result_is_not_read(tmp_path: Path) -> None:
    left(tmp_path, "broker")
    (tmp_path / "server-48537.log").touch()
    assert read(tmp_path) == []


def test_a_scenario_passes_if_something_held_and_nothing_did_not() -> None:
    assert scenario("SUCCESS", "SKIPPED", "INFO").has_passed
    assert not scenario("SUCCESS", "FAILURE").has_passed
    assert not scenario("SUCCESS", "WARNING").has_passed


def test_a_scenario_that_tried_nothing_has_not_passed() -> None:
    assert not scenario("SKIPPED", "INFO").has_passed
    assert not Scenario("ping", (Check("wire-schema-valid", "SUCCESS"),)).has_passed
