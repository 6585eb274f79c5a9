"""The programs that look at us from outside, in Node: the protocol's own conformance suite, and its Inspector."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.bench.stage import BenchBroke
from tests.conformance import results
from tests.conformance.results import Scenario

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
SUITE = MODULES / "@modelcontextprotocol/conformance"
INSPECTOR = MODULES / "@modelcontextprotocol/inspector/clients/cli/build/index.js"

RUN_SECONDS = 120
SCENARIO_SECONDS = 20
OLDEST_NODE = 22


@dataclass(frozen=True)
class Requirements:
    """What a revision of the protocol asks of a server, as the suite has it."""

    revision: str
    required: frozenset[str]
    extensions: frozenset[str]
    """Run with the others, and nobody has to have them."""


@dataclass(frozen=True)
class Inspection:
    tools: int
    findings: list[str]
    """What its strict check refuses, and what it only warns of in the schema of an input, which models have to fill."""


def requirements(revision: str) -> Requirements:
    """Raises BenchBroke."""
    if not SUITE.is_dir():
        raise BenchBroke("The suite is not installed here; `make conformance` brings it.")
    told = yaml.safe_load((SUITE / "requirements" / f"{revision}.yaml").read_text())
    extensions = (one["scenario"] for one in told["not_scored"] if one["reason"] == "extension")
    return Requirements(revision, frozenset(told["server"]), frozenset(extensions))


def play(asked: Requirements, *, url: str, token: str, folder: Path) -> list[Scenario]:
    """All scenarios of a revision but those of extensions. Raises BenchBroke."""
    options = ["server", "--url", url, "--requirements", asked.revision, "--timeout", str(SCENARIO_SECONDS * 1000)]
    return [one for one in _play(options, token=token, folder=folder) if one.name not in asked.extensions]


def play_one(scenario: str, *, issuer: str, folder: Path) -> list[Scenario]:
    """A scenario about authorization servers. Raises BenchBroke."""
    return _play(["authorization", "--url", issuer, "--scenario", scenario], token="", folder=folder)


def _play(options: Sequence[str], *, token: str, folder: Path) -> list[Scenario]:
    program = ["--import", "./bearer.mjs", str(SUITE / "dist/index.js"), *options, "--output-dir", str(folder)]
    # Its exit code tells less than its results: it knows neither our excuses nor warnings.
    done = _node(program, home=folder, CONFORMANCE_TOKEN=token)
    if found := results.read(folder):
        return found
    raise BenchBroke(f"the suite left no results and ended with {done.returncode}: {done.stderr[-2000:]}")


def inspect(*, url: str, token: str, era: str, home: Path) -> Inspection:
    """Raises BenchBroke."""
    asked = ["--method", "tools/list", "--strict", "--format", "json", "--protocol-era", era, "--transport", "http"]
    done = _node([str(INSPECTOR), url, *asked, "--header", f"Authorization: Bearer {token}"], home=home)
    try:
        told = json.loads(done.stdout)
        return Inspection(len(told["result"]["tools"]), list(findings(told.get("schemaFindings", []))))
    except (ValueError, KeyError):
        raise BenchBroke(f"the Inspector ended with {done.returncode}: {done.stderr[-2000:]}") from None


def findings(told: Iterable[dict[str, Any]]) -> Iterator[str]:
    """It warns of outputs where anything may stand: ours name their parts and leave out what teaches models nothing."""
    for tool in told:
        for one in tool["findings"]:
            if one["severity"] == "error" or one["schema"] == "inputSchema":
                yield f"{tool['toolName']}: {one['schema']}.{one['path']}: {one['issue']}"


def _node(program: Sequence[str], *, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A home of its own: what a developer's tools remember has no part in this."""
    try:
        return subprocess.run(
            [_find_node(), *program],
            cwd=HERE,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "NO_COLOR": "1", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise BenchBroke(f"{program[-1]}: no end after {RUN_SECONDS} s") from None


@cache
def _find_node() -> str:
    """The one that package.json pins, where there is one for this machine; else the machine's own."""
    pinned = next(MODULES.glob("node-*/bin/node"), None)
    found = str(pinned) if pinned else shutil.which("node")
    if found is None:
        raise BenchBroke(f"Node {OLDEST_NODE} or newer is needed, and there is none. See CONTRIBUTING.md.")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        raise BenchBroke(f"Node {OLDEST_NODE} or newer is needed; {found} is {version}.")
    return found
