"""`import_statement`: a file of the machine itself, staged as one that was uploaded."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bookings.reconciliation import services, storing, uploading
from bookings.reconciliation.models import Statement
from movmo.kit import clock
from tests.bookings.reconciliation.scene import Clerk, csv_of

pytestmark = pytest.mark.django_db
SALE = {"kind": "sale", "order_id": "ord_1", "currency": "EUR", "gross": "118.70"}


def imported(file: Path, provider: str = "sandbox", **changes: Any) -> None:
    call_command("import_statement", provider, str(file), "2027-02-01", "2027-02-28", **changes)


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_staged(packed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = csv_of([SALE])
    file = tmp_path / "february.csv"
    file.write_bytes(gzip.compress(content) if packed else content)
    imported(file)
    statement = Statement.objects.get()
    assert (statement.state, statement.file_name, statement.partner) == ("received", "february.csv", None)
    assert str(statement.pk) in capsys.readouterr().out
    assert services.advance(statement.pk, clock=clock.now).state == "staged"


def test_two_gigabytes_are_refused_before_they_are_read(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "big.csv"
    with file.open("wb") as big:
        big.truncate(2 * 1024**3)
    monkeypatch.setattr(storing, "keep", _is_read)
    with pytest.raises(CommandError, match=r"has 2147483648 bytes; a statement has at most 536870912.* Split"):
        imported(file)
    assert not Statement.objects.exists()


def _is_read(*_: Any, **__: Any) -> None:
    raise AssertionError("it was read")


@pytest.mark.parametrize(
    ("name", "content", "changes", "words"),
    [
        ("none.csv", None, {}, "cannot be read: No such file"),
        ("half.csv", b"kind,currency,gross\nsale,EUR,1.00\n", {}, "it was cut off"),
        ("half.gz", uploading.MAGIC + b"no gzip", {}, "invalid field"),
        ("good.csv", csv_of([SALE]), {"provider": "nobody"}, "no flight provider of this name"),
        ("good.csv", csv_of([SALE]), {"format": "mapped"}, "is read by a saved column mapping"),
    ],
)
def test_what_is_wrong_is_said(
    name: str, content: bytes | None, changes: dict[str, Any], words: str, tmp_path: Path, folder: Path
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=words):
        imported(file, **changes)
    assert not Statement.objects.exists()
    assert not folder.exists() or list(folder.iterdir()) == []


def test_twice_is_once(tmp_path: Path, clerk: Clerk) -> None:
    file = tmp_path / "february.csv"
    file.write_bytes(csv_of([SALE]))
    imported(file)
    imported(file)
    assert clerk.sends(csv_of([SALE])).pk == Statement.objects.get().pk
