from tests.conformance.results import Check, Scenario
from tests.conformance.verdict import HEADER, Excuses, Verdict, judge, row

FINE = Scenario("tools-list", (Check("tools-list", "SUCCESS"), Check("wire-schema-valid", "SUCCESS")))
FAILED = Scenario("ping", (Check("ping", "FAILURE", "No answer"), Check("wire-schema-valid", "SUCCESS")))
WARNED = Scenario("ping", (Check("ping", "WARNING", "Slow"),))
SKIPPED = Scenario("ping", (Check("ping", "SKIPPED"),))
IN_PART = Scenario("stateless", (Check("held", "SUCCESS"), Check("broken", "FAILURE", "No tool of mine")))


def verdict(*scenarios: Scenario, fail: str = "", not_applicable: str = "", required: str = "ping") -> Verdict:
    excuses = Excuses(frozenset(fail.split()), frozenset(not_applicable.split()))
    return judge("stateless", scenarios, required=required.split(), excuses=excuses)


def test_what_passes_is_counted_and_what_need_not_is_counted_apart() -> None:
    found = verdict(FINE, Scenario("more", FINE.checks), required="tools-list")
    assert (found.passed, found.besides, found.problems) == (1, 1, ())


def test_a_failure_that_nobody_expects_is_a_problem() -> None:
    found = verdict(FAILED)
    assert (found.passed, found.problems) == (0, ("ping:ping: No answer",))


def test_a_failure_that_is_expected_is_none() -> None:
    found = verdict(FAILED, fail="ping")
    assert (found.passed, found.failed_as_expected, found.problems) == (0, 1, ())


def test_what_is_expected_to_fail_and_passes_is_a_problem() -> None:
    found = verdict(FINE, fail="tools-list", required="tools-list")
    assert found.problems == ("tools-list: passes, or is gone; it needs no excuse any more",)


def test_what_is_expected_to_fail_and_only_warns_is_a_problem() -> None:
    assert "ping:ping: Slow" in verdict(WARNED, fail="ping").problems


def test_a_warning_and_an_empty_scenario_are_problems_too() -> None:
    assert verdict(WARNED).problems == ("ping:ping: Slow",)
    assert verdict(SKIPPED).problems == ("ping: nothing of it was tried",)


def test_what_is_not_applicable_may_fail_warn_or_be_skipped() -> None:
    for scenario in (FAILED, WARNED, SKIPPED):
        found = verdict(scenario, not_applicable="ping")
        assert (found.not_applicable, found.problems) == (1, ())


def test_what_is_not_applicable_and_passes_is_a_problem() -> None:
    assert verdict(FINE, not_applicable="tools-list", required="tools-list").problems


def test_messages_keep_to_the_schema_whatever_the_scenario_is_excused_from() -> None:
    invalid = Scenario("ping", (*FAILED.checks[:1], Check("wire-schema-valid", "FAILURE", "No id")))
    assert verdict(invalid, not_applicable="ping").problems == ("ping:wire-schema-valid: No id",)


def test_one_check_can_be_left_out_while_the_others_hold() -> None:
    found = verdict(IN_PART, not_applicable="stateless:broken", required="stateless")
    assert (found.passed, found.not_applicable, found.problems) == (1, 0, ())
    worse = Scenario("stateless", (*IN_PART.checks, Check("other", "FAILURE", "No.")))
    assert verdict(worse, not_applicable="stateless:broken", required="stateless").problems == ("stateless:other: No.",)


def test_what_is_required_and_did_not_run_is_a_problem() -> None:
    assert verdict(FINE, required="tools-list ping").problems == ("ping: did not run",)


def test_an_excuse_for_what_is_gone_is_a_problem() -> None:
    assert verdict(FINE, not_applicable="pong", required="tools-list").problems


def test_a_row_stands_under_its_header() -> None:
    found = verdict(FAILED, FINE, required="ping tools-list")
    assert row(found).split() == ["stateless", "2", "1", "0", "0", "0", "1"]
    assert len(row(found)) == len(HEADER.splitlines()[1])
