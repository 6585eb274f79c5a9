"""`make conformance`: the protocol's own suite against our gate and server, in both revisions, and against the product.

    python -m tests.conformance [--keep FOLDER]

Everything runs on loopback, on a database of its own that goes when it ends. Exit code 1 if anything is not as
expected_failures.yaml and not_applicable.yaml say, 2 if the run itself broke.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import yaml

from tests.bench.stage import BenchBroke, free_port, prepared
from tests.conformance import suite
from tests.conformance.places import PATHS
from tests.conformance.verdict import HEADER, Excuses, Verdict, judge, row

APPLICATION = "tests.conformance.app:application"
RUNS = (
    ("stateless", "2026-07-28"),
    ("stateless", "2025-11-25"),
    ("sessions", "2025-11-25"),
    ("product", "2026-07-28"),
    ("product", "2025-11-25"),
)
NO_BACK_CHANNEL = ("stateless", "2025-11-25")
"""The run that expected_failures.yaml is about."""
METADATA = "authorization-server-metadata-endpoint"
ERAS = ("modern", "legacy")
LONGEST_SECONDS = 300
STARTED = time.monotonic()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make conformance", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="an empty one, for results and the server's log")
    kept: Path | None = parser.parse_args().keep
    for ending in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(ending, _give_up)
    signal.alarm(LONGEST_SECONDS)
    try:
        _say(HEADER)
        with _folder(kept) as folder, closing(_verdicts(folder)) as verdicts:
            problems = sum(_report(verdict) for verdict in verdicts)
    except BenchBroke as broken:
        sys.stderr.write(f"{broken}\n")
        return 2
    _say(f"done in {time.monotonic() - STARTED:.0f} s")
    return 1 if problems else 0


def _report(verdict: Verdict) -> int:
    """How many problems there are."""
    for line in (row(verdict), *(f"    {problem}" for problem in verdict.problems)):
        _say(line)
    return len(verdict.problems)


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="movmo-conformance-") as folder:
        yield Path(folder)


def _verdicts(folder: Path) -> Generator[Verdict, None, None]:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    stage = prepared(folder, f"sqlite:///{folder / 'conformance.sqlite3'}", MOVMO_ORIGIN=origin)
    token: str = stage.step("tests.conformance.cast")
    with stage.server(APPLICATION, port) as server:
        server.wait_until_ready()
        for run, revision in RUNS:
            yield _play(run, revision, origin=origin, token=token, folder=folder)
        found = suite.play_one(METADATA, issuer=origin, folder=folder / "authorization")
        yield judge("authorization server metadata", found, required=[METADATA], excuses=Excuses())
        for era in ERAS:
            yield _inspect(era, url=origin + PATHS["product"], token=token, home=folder)


def _play(run: str, revision: str, *, origin: str, token: str, folder: Path) -> Verdict:
    asked = suite.requirements(revision)
    found = suite.play(asked, url=origin + PATHS[run], token=token, folder=folder / f"{run}-{revision}")
    return judge(f"{run}, {revision}", found, required=asked.required, excuses=excuses(run, revision))


def excuses(run: str, revision: str) -> Excuses:
    reasons: dict[str, list[str]] = _read("not_applicable").get(run, {}).get(revision, {})
    return Excuses(
        expected_failures=frozenset(_read("expected_failures")["server"] if (run, revision) == NO_BACK_CHANNEL else ()),
        not_applicable=frozenset(name for names in reasons.values() for name in names),
    )


def _read(name: str) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((suite.HERE / f"{name}.yaml").read_text())
    return told


def _inspect(era: str, *, url: str, token: str, home: Path) -> Verdict:
    """Each tool counts as one that has to be accepted."""
    found = suite.inspect(url=url, token=token, era=era, home=home)
    problems = found.findings if found.tools else ["no tools are listed"]
    refused = {problem.partition(":")[0] for problem in found.findings}
    passed = found.tools - len(refused)
    return Verdict(f"Inspector, strict, {era}", required=found.tools, passed=passed, problems=tuple(problems))


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _give_up(number: int, _: object) -> NoReturn:
    """So that processes are stopped and folders removed on the way out."""
    raise BenchBroke(f"given up: {signal.Signals(number).name}")


if __name__ == "__main__":
    sys.exit(main())
