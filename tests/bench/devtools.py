"""Chromium by its own protocol, with nobody looking at it but when something is asked.

Playwright attaches itself to every frame, and each frame waits until it has: that takes longer than what is measured.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import tempfile
from types import TracebackType
from typing import Any, Self

from tests.bench.stage import BenchBroke
from tests.browser.chromium import resolver_rules

THEIRS = (3, 4)
"""What Chromium reads commands from, and writes answers to."""
HIGH = 10
OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--window-size=1280,800",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
)
Answer = dict[str, Any]


class Devtools:
    def __init__(self, executable: str, *, served_at: str) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="movmo-chromium-", ignore_cleanup_errors=True)
        self._asked = 0
        self._heard = b""
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has none
        rules = f"--host-resolver-rules={resolver_rules(served_at)}"
        command = [executable, *OPTIONS, *sandbox, rules, f"--user-data-dir={self._profile.name}"]
        read, self._write = _pipe()
        self._read, write = _pipe()
        nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
        ours = [(os.POSIX_SPAWN_DUP2, end, number) for end, number in zip((read, write), THEIRS, strict=True)]
        self._pid = os.posix_spawn(executable, command, os.environ, file_actions=[*nowhere, *ours])
        os.close(read)
        os.close(write)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._write)
        os.close(self._read)
        os.kill(self._pid, signal.SIGTERM)
        os.waitpid(self._pid, 0)
        self._profile.cleanup()

    def call(self, method: str, session: str | None = None, /, **params: Any) -> Answer:
        """Raises BenchBroke."""
        self._asked += 1
        asked = {"id": self._asked, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._write, json.dumps(asked).encode() + b"\0")
        while (told := self._next()).get("id") != self._asked:
            pass
        if "error" in told:
            raise BenchBroke(f"{method}: {told['error']}")
        found: Answer = told["result"]
        return found

    def attached(self, target: str) -> str:
        return str(self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])

    def evaluate(self, session: str, script: str) -> Any:
        """Raises BenchBroke."""
        answer = self.call("Runtime.evaluate", session, expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BenchBroke(str(answer["exceptionDetails"])[:500])
        return answer["result"].get("value")

    def _next(self) -> Answer:
        while b"\0" not in self._heard:
            got = os.read(self._read, 65_536)
            if not got:
                raise BenchBroke("Chromium is gone")
            self._heard += got
        message, _, self._heard = self._heard.partition(b"\0")
        told: Answer = json.loads(message)
        return told


def _pipe() -> tuple[int, int]:
    """Both ends away from the numbers that Chromium's are given."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, HIGH) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]
