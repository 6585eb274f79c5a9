"""Every test has a folder of its own for finished files, and one for those that are being written."""

from pathlib import Path
from typing import Any

import pytest

from tests.bookings.export.scene import Folder


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Folder:
    return Folder.of(settings, tmp_path)


@pytest.fixture(autouse=True)
def statements(settings: Any, tmp_path: Path) -> None:
    """Where statements wait that discrepancies are found in."""
    place = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "statements")},
    }
    settings.STORAGES = {**settings.STORAGES, "statements": place}
