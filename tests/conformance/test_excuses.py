"""The committed lists: short, and about runs that there are."""

import yaml

from tests.conformance.__main__ import RUNS, excuses
from tests.conformance.suite import HERE

BACK_CHANNEL = {
    "tools-call-sampling",
    "tools-call-elicitation",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
}


def test_only_the_four_that_ask_the_client_may_fail_and_only_where_nobody_can_ask() -> None:
    assert {run: set(excuses(*run).expected_failures) for run in RUNS} == {
        run: BACK_CHANNEL if run == ("stateless", "2025-11-25") else set() for run in RUNS
    }


def test_in_its_newest_revision_the_server_with_fixtures_is_excused_from_nothing() -> None:
    assert excuses("stateless", "2026-07-28").all == set()


def test_every_list_is_of_a_run_and_names_nothing_twice() -> None:
    told = yaml.safe_load((HERE / "not_applicable.yaml").read_text())
    assert {(run, revision) for run, revisions in told.items() for revision in revisions} <= set(RUNS)
    for revisions in told.values():
        for reasons in revisions.values():
            names = [name for listed in reasons.values() for name in listed]
            assert len(names) == len(set(names))
