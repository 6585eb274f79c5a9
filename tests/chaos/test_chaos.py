"""A small storm on the database of the run: a few deaths, and every book must still say the same."""

import subprocess
import sys

import pytest
from django.db import connection

from tests.chaos.cluster import find_binaries

pytestmark = pytest.mark.chaos

SMALL = ("--bookings", "30", "--kills", "4", "--restarts", "1", "--seed", "suite", "--minutes", "8")


def test_nothing_is_lost_and_nothing_is_made_twice() -> None:
    database = connection.vendor
    if database == "postgresql" and find_binaries() is None:
        pytest.skip("no PostgreSQL server binaries: a server of our own is needed, for it is killed")
    told = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *SMALL, "--database", database], capture_output=True, text=True
    )
    assert told.returncode == 0, told.stdout[-6000:] + told.stderr[-3000:]
