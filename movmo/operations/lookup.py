"""Finding equal values among encrypted ones: a keyed hash beside the ciphertext.

The key of these hashes is one for good. It is itself encrypted with the house's ring, in a row, so that a new house key
re-encrypts that row and leaves every hash as it is: a value that is kept twice is noticed at any time.
"""

import hmac
import os
from typing import TYPE_CHECKING, Any

from django.db import connection, models

from movmo.operations.models import HouseKey

if TYPE_CHECKING:
    Binary = models.BinaryField[Any, Any]
else:
    Binary = models.BinaryField

KEY_BYTES = HASH_BYTES = 32
NAME = "lookup"

_remembered: dict[str, bytes] = {}


def fingerprint(text: str) -> bytes:
    """32 bytes: equal texts have equal ones, and nobody without the key can try texts out."""
    return hmac.digest(house_key(NAME), text.encode(), "sha256")


def house_key(name: str) -> bytes:
    """The key of this name, made at its first use."""
    if name in _remembered:
        return _remembered[name]
    row = HouseKey.objects.filter(name=name).first() or _made(name)
    key = bytes(row.wrapped)
    # A row seen inside a transaction may be undone with it, and hashes made with its key would match nothing later.
    if not connection.in_atomic_block:
        _remembered[name] = key
    return key


def _made(name: str) -> HouseKey:
    """Of two first uses at once one makes the key and both use it."""
    HouseKey.objects.bulk_create([HouseKey(name=name, wrapped=os.urandom(KEY_BYTES))], ignore_conflicts=True)
    return HouseKey.objects.get(name=name)


class LookupField(Binary):
    """The hash of another field of the row, by which equal values are found and none can be read."""

    def __init__(self, *args: Any, of: str = "", **kwargs: Any) -> None:
        kwargs["max_length"] = HASH_BYTES
        super().__init__(*args, **kwargs)
        self.of = of

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_length", None)
        return name, path, args, {**kwargs, "of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> bytes | None:
        """Always what the other field says; nothing of nothing."""
        value = getattr(model_instance, self.of)
        hashed = None if value is None else fingerprint(str(value))
        setattr(model_instance, self.attname, hashed)
        return hashed
