"""A PostgreSQL of one's own, to be killed: no server that anybody else uses is ever restarted here."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.stage import BenchBroke, free_port

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
START_SECONDS = 60
# A crash of the machine is not rehearsed, one of the server is: what it has committed must be with the kernel.
OPTIONS = "-c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=on"


@dataclass
class Cluster:
    binaries: Path
    folder: Path
    port: int
    owner: str | None
    restarts: int = 0

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def words(self) -> Path:
        """What PostgreSQL's programs said."""
        return self.folder / "words.log"

    def start(self) -> None:
        """The shared memory of a killed server may be in use until its last child has noticed."""
        deadline = time.monotonic() + START_SECONDS
        options = f"-p {self.port} -k {self.folder} {OPTIONS}"
        while self._run("pg_ctl", "-l", str(self.folder / "server.log"), "-w", "-s", "start", "-o", options):
            if time.monotonic() > deadline:
                raise BenchBroke(f"PostgreSQL did not start: {(self.folder / 'server.log').read_text()[-2000:]}")
            time.sleep(0.3)

    def restart(self, *, by_kill: bool) -> None:
        """`kill -9` of the postmaster, or an immediate shutdown: either way it recovers from its log."""
        if by_kill:
            postmaster = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
            os.kill(postmaster, signal.SIGKILL)
        else:
            self.stop()
        self.start()
        self.restarts += 1

    def stop(self) -> None:
        self._run("pg_ctl", "-m", "immediate", "-w", "-s", "stop")

    def create(self) -> None:
        # Its encoding and locale must not depend on the machine's.
        made = self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        if made:
            raise BenchBroke(f"initdb failed: {self.words.read_text()[-2000:]}")

    def _run(self, program: str, *arguments: str) -> int:
        command = [str(self.binaries / program), "-D", str(self.folder / "data"), *arguments]
        with self.words.open("ab") as output:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                user=self.owner,
                group=pwd.getpwnam(self.owner).pw_gid if self.owner else None,
                extra_groups=[] if self.owner else None,
            )
        return done.returncode


@contextmanager
def postgresql_of_our_own() -> Iterator[Cluster]:
    binaries = find_binaries()
    if binaries is None:
        raise BenchBroke("no server binaries (initdb, pg_ctl) found; on Debian and Ubuntu: apt-get install postgresql")
    # PostgreSQL refuses to run as root.
    owner = "postgres" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="movmo-chaos-postgres-"))
    if owner:
        shutil.chown(folder, owner)
    cluster = Cluster(binaries, folder, free_port(), owner)
    try:
        cluster.create()
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def find_binaries() -> Path | None:
    """The newest server binaries of this machine."""
    found = [
        place for pattern in PLACES for place in Path("/").glob(pattern.lstrip("/")) if (place / "initdb").exists()
    ]
    return max(
        found, key=lambda place: [int(part) for part in place.as_posix().split("/") if part.isdigit()], default=None
    )
