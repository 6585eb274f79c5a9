"""Tests and the processes that they start keep no file in the checkout."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages

from movmo import env

STORAGES = [name for name in settings.STORAGES if name not in ("default", "staticfiles")]


@pytest.mark.parametrize("name", STORAGES)
def test_a_file_that_is_kept_is_not_in_the_checkout(name: str) -> None:
    place = storages[name]
    assert isinstance(place, FileSystemStorage)
    kept = Path(place.path(place.save("one.txt", ContentFile(b"one"))))
    assert kept.exists()
    assert not kept.resolve().is_relative_to(env.BASE_DIR)


def test_nor_is_one_that_is_being_written() -> None:
    assert not Path(settings.MOVMO_EXPORTS_ASIDE).resolve().is_relative_to(env.BASE_DIR)


@pytest.mark.parametrize(
    "name", ["MOVMO_EXPORTS_DIR", "MOVMO_STATEMENTS_DIR", "MOVMO_AUDIT_DIR", "MOVMO_EXPORTS_ASIDE"]
)
def test_processes_that_are_started_know_where(name: str) -> None:
    assert not Path(os.environ[name]).resolve().is_relative_to(env.BASE_DIR)
