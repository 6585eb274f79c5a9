"""A masked field: how it reads in full, and how it is shown without."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from movmo.kit import masks


@dataclass(frozen=True, slots=True)
class MaskedField:
    """`read` gives the value of a row in full, which is decrypted for it if need be; `mask` what everybody sees."""

    title: str
    read: Callable[[Any], Any]
    mask: Callable[[Any], str] = masks.whole

    def masked(self, row: Any) -> str:
        return self.mask(self.read(row))

    def in_full(self, row: Any) -> str:
        value = self.read(row)
        return "" if value is None else str(value)
