"""Whether a run found what is expected of it: what is excused does not pass, and all the rest does."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tests.conformance.results import OF_EVERY_SCENARIO, Check, Scenario


@dataclass(frozen=True)
class Excuses:
    """Names are a `scenario`, for all of its own checks, or a `scenario:check`."""

    expected_failures: frozenset[str] = frozenset()
    not_applicable: frozenset[str] = frozenset()

    @property
    def all(self) -> frozenset[str]:
        return self.expected_failures | self.not_applicable

    def excuse(self, scenario: Scenario, check: Check) -> str | None:
        exactly = f"{scenario.name}:{check.id}"
        if exactly in self.all:
            return exactly
        return scenario.name if scenario.name in self.all and check.id not in OF_EVERY_SCENARIO else None


@dataclass(frozen=True)
class Verdict:
    """Counts are of scenarios that are required, but for `besides`: those that passed and need not."""

    run: str
    required: int
    passed: int
    failed_as_expected: int = 0
    not_applicable: int = 0
    besides: int = 0
    problems: tuple[str, ...] = ()


def judge(run: str, scenarios: Collection[Scenario], *, required: Collection[str], excuses: Excuses) -> Verdict:
    problems: set[str] = set()
    used: set[str] = set()
    passed: set[str] = set()
    for scenario in scenarios:
        objections = list(_objections(scenario, excuses))
        used |= {excuse for _, excuse in objections if excuse}
        problems |= {objection for objection, excuse in objections if excuse is None}
        if scenario.has_tried and all(excuse not in (None, scenario.name) for _, excuse in objections):
            passed.add(scenario.name)
    problems |= {f"{name}: did not run" for name in required if name not in {one.name for one in scenarios}}
    problems |= {f"{name}: passes, or is gone; it needs no excuse any more" for name in excuses.all - used}
    return Verdict(
        run,
        required=len(required),
        passed=len(passed & set(required)),
        failed_as_expected=len(used & excuses.expected_failures & set(required)),
        not_applicable=len(used & excuses.not_applicable & set(required)),
        besides=len(passed - set(required)),
        problems=tuple(sorted(problems)),
    )


def _objections(scenario: Scenario, excuses: Excuses) -> Iterable[tuple[str, str | None]]:
    """What speaks against the scenario, each with the excuse that covers it."""
    if not scenario.has_passed and not scenario.objections:
        yield f"{scenario.name}: nothing of it was tried", scenario.name if scenario.name in excuses.all else None
    for check in scenario.objections:
        words = f"{scenario.name}:{check.id}: {check.message or check.status}"
        if scenario.name in excuses.expected_failures and check.status != "FAILURE":
            yield words, None
        else:
            yield words, excuses.excuse(scenario, check)


HEADER = (
    f"{'':<32} {'':>8} {'':>7} {'failed as':>10} {'not':>11}\n"
    f"{'run':<32} {'required':>8} {'passed':>7} {'expected':>10} {'applicable':>11} {'besides':>8} {'problems':>9}"
)


def row(one: Verdict) -> str:
    return (
        f"{one.run:<32} {one.required:>8} {one.passed:>7} {one.failed_as_expected:>10} {one.not_applicable:>11} "
        f"{one.besides:>8} {len(one.problems):>9}"
    )
