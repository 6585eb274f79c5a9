"""A word that nobody listens to would be lost, and with it the next five seconds of words of that process."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from movmo.celery import WAKES, app

ROOT = Path(__file__).parents[2]
SAID = re.compile(r"nudge\.(?:say|after_commit)\((?:\"(?P<word>\w+)\"|(?P<name>[\w.]+))\)")


def said() -> set[tuple[str, str]]:
    """(word, where), of every call in the house."""
    found = set()
    for package in ("movmo", "bookings", "partners", "checkout_widget", "mcp_server"):
        for path in (ROOT / package).rglob("*.py"):
            for match in SAID.finditer(path.read_text()):
                module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                found.add((match["word"] or named(module, match["name"]), module))
    return found


def named(module: str, name: str) -> str:
    value = import_module(module)
    for part in name.split("."):
        value = getattr(value, part)
    return str(value)


def test_every_word_that_is_said_wakes_somebody() -> None:
    words = {word for word, _ in said()}
    assert words == set(WAKES)


@pytest.mark.parametrize("task", WAKES.values())
def test_whoever_is_woken_is_there(task: str) -> None:
    app.loader.import_default_modules()
    assert task in app.tasks
