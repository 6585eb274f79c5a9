"""What staff call the lists of the back office: as its sidebar does, wherever else a list is named."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Name:
    section: str
    title: str


@cache
def _sidebar() -> dict[str, Name]:
    """By the list's address."""
    sidebar: Any = settings.UNFOLD["SIDEBAR"]
    return {
        str(item["link"]): Name(section["title"], item["title"])
        for section in sidebar["navigation"]
        for item in section["items"]
    }


def of(address: str) -> Name | None:
    """Of the list at the address; None where the sidebar leads to no such list."""
    return _sidebar().get(str(address))
