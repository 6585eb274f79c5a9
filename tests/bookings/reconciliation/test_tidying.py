"""A file is kept before anything is written down, so that no transaction waits for it; what nobody needs is tidied."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from bookings.reconciliation import receiving, storing
from bookings.reconciliation.models import Statement
from bookings.reconciliation.tasks import tidy_statements
from bookings.reconciliation.tidying import LEFT_BEHIND, tidy
from movmo.celery import SCHEDULE
from movmo.kit import clock
from tests.bookings.reconciliation.scene import Clerk, csv_of
from tests.bookings.reconciliation.test_door import HEADER, sent
from tests.contract.world import World

pytestmark = pytest.mark.django_db(transaction=True)
SALE = {"kind": "sale", "order_id": "ord_1", "currency": "EUR", "gross": "118.70"}
FILE = f"{HEADER}sale,1,EUR,1.00\n# lines 1\n"


def aged(folder: Path) -> None:
    then = (clock.now() - LEFT_BEHIND - timedelta(minutes=1)).timestamp()
    for file in folder.iterdir():
        os.utime(file, (then, then))


def left_behind(folder: Path, name: str = "0.statement") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"half of it")


def test_no_transaction_is_open_while_a_call_s_file_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keep, seen = storing.keep, []

    def watched(*args: Any, **kwargs: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return keep(*args, **kwargs)

    monkeypatch.setattr(storing, "keep", watched)
    sent(world, FILE)
    assert seen == [False]


def test_what_a_call_that_failed_has_kept_is_tidied(
    world: World, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(receiving, "_numbered", breaks)
        with pytest.raises(Exception, match="our side"):
            sent(world, FILE)
    assert (Statement.objects.count(), len(list(folder.iterdir())), tidy(now=clock.now())) == (0, 1, 0)
    aged(folder)
    assert (tidy(now=clock.now()), list(folder.iterdir())) == (1, [])


def test_what_waits_stays_however_old(clerk: Clerk, folder: Path) -> None:
    clerk.sends(csv_of([SALE]))
    clerk.reads(csv_of([SALE, SALE]))
    left_behind(folder)
    aged(folder)
    tidy_statements()
    assert {file.name for file in folder.iterdir()} == {one.file for one in Statement.objects.all()}


def test_one_that_cannot_be_deleted_keeps_no_other(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for name in ("1.statement", "2.statement"):
        left_behind(folder, name)
    aged(folder)
    forget = storing.forget

    def first_fails(name: str) -> None:
        if name == "1.statement":
            raise OSError("the disk is read-only")
        forget(name)

    monkeypatch.setattr(storing, "forget", first_fails)
    assert (tidy(now=clock.now()), [file.name for file in folder.iterdir()]) == (1, ["1.statement"])


def test_nothing_was_ever_kept() -> None:
    assert tidy(now=clock.now()) == 0


def test_it_is_in_the_schedule() -> None:
    assert tidy_statements.name in {entry["task"] for entry in SCHEDULE.values()}
