"""get_booking through both doors, against a stock DRF view, a bare endpoint and a FastMCP server: requests a second, in
turns. And what tools/list weighs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from statistics import median
from subprocess import Popen

from tests.bench import calls
from tests.bench.contenders.fast_mcp import environment
from tests.bench.records import Cast, Count, Run
from tests.bench.report import Figure, Scale
from tests.bench.stage import BenchBroke, Stage

MOVMO = "movmo.asgi:application"
STOCK = "tests.bench.contenders.stock.asgi:application"
BARE = "tests.bench.contenders.bare:application"
FAST_MCP = "tests.bench.contenders.fast_mcp.server:application"
LOCATOR = "record_locator"


@dataclass(frozen=True)
class Contender:
    name: str
    port: int
    requests: list[str]


def measure(stage: Stage, cast: Cast, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    with (
        stage.servers(MOVMO, STOCK, BARE) as [movmo, stock, bare],
        _apart(stage, cast).servers(FAST_MCP) as [fast_mcp],
        stage.process("tests.bench.load") as generator,
    ):
        contenders = _contenders(cast, movmo, stock, bare, fast_mcp)
        for contender in contenders:
            _run(generator, contender, scale.warm_up, scale.connections)
        rounds: list[dict[str, float]] = []
        for number in range(scale.rounds):
            # Back and forth, so that a machine that tires or recovers favours nobody.
            order = contenders if number % 2 else contenders[::-1]
            counts = {one.name: _run(generator, one, scale.seconds, scale.connections) for one in order}
            rounds.append({name: count.rate for name, count in counts.items()})
            say(f"reads, round {number + 1} of {scale.rounds}: " + _told(rounds[-1]))
        weight = _weight_of_tools(generator, cast, movmo)
    return [*_figures(rounds), Figure("tools/list", "what a model may pay", weight, at_most=40_000, unit=" bytes")]


def _apart(stage: Stage, cast: Cast) -> Stage:
    """The same database for a server that knows nothing of Movmo."""
    known = stage.step("tests.bench.contenders.fast_mcp.query", cast.bookings[0])
    return replace(stage, python=environment.python(), environment={**stage.environment, **known})


def _weight_of_tools(generator: Popen[str], cast: Cast, port: int) -> int:
    """Bytes of the tools alone, as JSON without blanks."""
    run = Run([port], [calls.tools(cast)] * 2, "get_booking", seconds=10, connections=1, is_once=True)
    sample = run_load(generator, run, name="tools/list").sample
    told = json.loads(sample[sample.index("{") :])
    return len(json.dumps(told["result"]["tools"], separators=(",", ":"), ensure_ascii=False).encode())


def _contenders(cast: Cast, movmo: int, stock: int, bare: int, fast_mcp: int) -> list[Contender]:
    reads = [calls.rest(cast, "GET", f"/v1/users/me/bookings/{booking_id}") for booking_id in cast.bookings]

    def tools(version: str) -> list[str]:
        return [
            calls.mcp(cast, "get_booking", {"booking_id": booking_id}, version=version) for booking_id in cast.bookings
        ]

    return [
        Contender("rest", movmo, reads),
        Contender("mcp", movmo, tools(calls.MODERN)),
        Contender("legacy mcp", movmo, tools(calls.LEGACY)),
        Contender("stock", stock, reads),
        Contender("bare", bare, reads),
        Contender("fastmcp", fast_mcp, tools(calls.MODERN)),
        Contender("legacy fastmcp", fast_mcp, tools(calls.LEGACY)),
    ]


def _run(generator: Popen[str], contender: Contender, seconds: float, connections: int) -> Count:
    run = Run([contender.port], contender.requests, LOCATOR, seconds, connections)
    return run_load(generator, run, name=contender.name)


def run_load(generator: Popen[str], run: Run, *, name: str) -> Count:
    """Raises BenchBroke if any answer is not as it should be."""
    assert generator.stdin is not None
    assert generator.stdout is not None
    generator.stdin.write(json.dumps(asdict(run)) + "\n")
    generator.stdin.flush()
    line = generator.stdout.readline()
    if not line:
        raise BenchBroke(f"{name}: the load generator broke; its message is above")
    count = Count(**json.loads(line))
    if count.failed:
        raise BenchBroke(f"{name}: {count.failed} of {count.answers} answers were wrong: {count.sample[:500]}")
    return count


def _figures(rounds: list[dict[str, float]]) -> list[Figure]:
    def ratio(ours: str, theirs: str) -> float:
        return median(rates[ours] / rates[theirs] for rates in rounds)

    return [
        Figure("get_booking over REST", "a stock DRF view", ratio("rest", "stock"), at_least=3),
        Figure("get_booking over REST", "a bare endpoint, same SQL", ratio("rest", "bare"), at_least=0.25),
        Figure("get_booking over MCP", "our REST read", ratio("mcp", "rest"), at_least=0.7),
        Figure("get_booking over MCP", "a FastMCP server, same SQL, no auth", ratio("mcp", "fastmcp"), at_least=1),
        Figure("get_booking over MCP, legacy revision", "our REST read", ratio("legacy mcp", "rest")),
        Figure("get_booking over MCP, legacy revision", "the same FastMCP", ratio("legacy mcp", "legacy fastmcp")),
    ]


def _told(rates: dict[str, float]) -> str:
    return ", ".join(f"{name} {rate:.0f}/s" for name, rate in sorted(rates.items()))
