"""A model field that is encrypted at rest and bound to its row: a ciphertext moved elsewhere does not decrypt."""

from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

from movmo.kit.crypto import KeyRing

if TYPE_CHECKING:
    Binary = models.BinaryField[Any, Any]
else:
    Binary = models.BinaryField


@cache
def keyring() -> KeyRing:
    """The process's key ring, built once from settings."""
    keys: dict[int, bytes] = settings.MOVMO_ENCRYPTION_KEYS
    return KeyRing(keys, current=max(keys))


class Sealed(bytes):
    """A ciphertext as the table holds it."""


class _Unsealing:
    """Decrypts when it is looked at, not when the row is loaded: lists do not pay for what they do not show."""

    def __init__(self, field: "EncryptedField") -> None:
        self._field = field

    def __get__(self, instance: models.Model | None, owner: type[models.Model]) -> Any:
        if instance is None:
            return self
        name = self._field.attname
        if name not in instance.__dict__:  # deferred
            instance.refresh_from_db(fields=[name])
        value = instance.__dict__[name]
        return self._field.unseal(value, instance) if type(value) is Sealed else value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self._field.attname] = value


class EncryptedField(Binary):
    """Plain bytes to the program, AES-GCM in the table. The primary key must be known before the row is saved.

    Reading raises DecryptionFailed. `QuerySet.update()` is refused: it has no row to bind to.
    """

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _Unsealing(self))

    def seal(self, plain: Any, instance: models.Model) -> bytes:
        return keyring().encrypt(plain, bound_to=self.binding(instance))

    def unseal(self, sealed: bytes, instance: models.Model) -> Any:
        return keyring().decrypt(sealed, bound_to=self.binding(instance))

    def binding(self, instance: models.Model) -> str:
        return f"{self.model._meta.db_table}:{instance.pk}:{self.attname}"

    def from_db_value(self, value: Any, *_: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Sealed | None:
        value = model_instance.__dict__[self.attname]
        if value is None or type(value) is Sealed:
            return value
        return Sealed(self.seal(value, model_instance))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is not None and type(value) is not Sealed:
            raise TypeError(f"{self.name} is encrypted for its row: assign it and save the row")
        return super().get_db_prep_value(value, connection, prepared)
