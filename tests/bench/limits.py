"""What a limit costs, and how exactly it holds: one process in memory, four on one Redis, driven at twice the plan."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from uuid import uuid4

from redis import Redis, RedisError

from tests.bench.records import Drive, LimitCosts
from tests.bench.report import Figure, Scale
from tests.bench.stage import ROOT, BenchBroke, Stage

LOCAL_REDIS = "redis://127.0.0.1:6379/0"
RATE, BURST = 200, 400
PROCESSES = 4


def measure(stage: Stage, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    url = _redis()
    costs = LimitCosts(**stage.step("tests.bench.limit_costs", scale.checks, url))
    figures = [Figure("limit check, key and traveler", "in memory", costs.memory_us, at_most=10, unit=" µs")]
    if not url:
        say("no Redis answers; what needs one is left out")
        return [*figures, _driven(stage, 1, scale, say)]
    on_redis = replace(stage, environment={**stage.environment, "MOVMO_REDIS_URL": url})
    return [
        *figures,
        Figure("commands of a limit check", "on Redis", costs.commands, at_least=1, at_most=1, unit=""),
        Figure("limit check on Redis, with a month's quota", "a bare PING", costs.redis_us / costs.ping_us),
        _driven(stage, 1, scale, say),
        _driven(on_redis, PROCESSES, scale, say),
    ]


def _redis() -> str:
    """Where a Redis answers, or nothing."""
    url = os.environ.get("MOVMO_REDIS_URL") or LOCAL_REDIS
    with Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as redis:
        try:
            redis.ping()
        except RedisError:
            return ""
    return url


def _driven(stage: Stage, processes: int, scale: Scale, say: Callable[[str], None]) -> Figure:
    """Admitted calls against what the plan gives for the time between the first try and the last."""
    where = "in memory, 1 process" if processes == 1 else f"on Redis, {processes} processes"
    say(f"driving a plan of {RATE}/s, {BURST} at once, at twice its rate for {scale.drive_seconds:g} s, {where}")
    command = [sys.executable, "-m", "tests.bench.driver", str(uuid4())]
    command += map(str, (RATE, BURST, 2 * RATE / processes, scale.drive_seconds))
    with ExitStack() as stack:
        drivers = [_driver(stack, stage, command) for _ in range(processes)]
        for driver in drivers:
            _told(driver)  # that it is ready
        for driver in drivers:
            assert driver.stdin is not None
            driver.stdin.write("go\n")
            driver.stdin.flush()
        drives = [Drive(**json.loads(_told(driver))) for driver in drivers]
    seconds = max(drive.until for drive in drives) - min(drive.since for drive in drives)
    admitted, tries = sum(drive.admitted for drive in drives), sum(drive.tries for drive in drives)
    say(f"{admitted} of {tries} calls admitted in {seconds:.2f} s")
    return Figure(
        f"admitted of twice a plan, {where}",
        "the plan",
        admitted / (BURST + RATE * seconds),
        at_least=0.98,
        at_most=1.02,
    )


def _driver(stack: ExitStack, stage: Stage, command: list[str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    driver = subprocess.Popen(command, env=stage.environment, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    stack.callback(driver.wait)
    stack.callback(driver.kill)
    return driver


def _told(driver: subprocess.Popen[str]) -> str:
    assert driver.stdout is not None
    if line := driver.stdout.readline():
        return line
    raise BenchBroke("a driver broke; its message is above")
