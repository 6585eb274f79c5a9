"""What belongs to one person, encrypted with a key of that person's own.

The person's key is itself encrypted with the house's key ring, in one row. To delete that row is to make everything
under it unreadable at once, in every table and, in the end, in every backup: crypto-shredding. Rotating the house's
keys touches one short row for each person.
"""

import os
import time
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, models, transaction

from movmo.kit.crypto import DecryptionFailed, KeyRing
from movmo.kit.encrypted import EncryptedField
from movmo.kit.ids import new_id
from movmo.operations.scopes import UserTokenMissing

KEY_BYTES = 32
KEY_ID = 1
REMEMBERED, REMEMBERED_SECONDS = 10_000, 60


class PersonKey(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField("accounts.User", on_delete=models.CASCADE, related_name="person_key")
    wrapped = EncryptedField()

    class Meta:
        db_table = "person_key"

    def __str__(self) -> str:
        return f"key of {self.user_id}"


_remembered: dict[UUID, tuple[float, KeyRing]] = {}


def cipher_of(user_id: UUID, *, make: bool = False) -> KeyRing:
    """The person's ring. Raises DecryptionFailed when there is none (any more) and `make` is false."""
    known = _remembered.get(user_id)
    if known and known[0] > time.monotonic():
        return known[1]
    row = PersonKey.objects.filter(user_id=user_id).first() or (_made(user_id) if make else None)
    if row is None:
        raise DecryptionFailed("this person's key does not exist any more")
    ring = KeyRing({KEY_ID: row.wrapped}, current=KEY_ID)
    # A key seen inside a transaction may be undone with it, and whatever is encrypted with it later would be lost.
    if not connection.in_atomic_block:
        if len(_remembered) >= REMEMBERED:
            _remembered.clear()
        _remembered[user_id] = (time.monotonic() + REMEMBERED_SECONDS, ring)
    return ring


def _made(user_id: UUID) -> PersonKey:
    """Of two first writes at once one makes the key and both use it."""
    fresh = PersonKey(user_id=user_id, wrapped=os.urandom(KEY_BYTES))
    PersonKey.objects.bulk_create([fresh], ignore_conflicts=True)
    return PersonKey.objects.get(user_id=user_id)


def forget(user_id: UUID) -> None:
    """Shred: what was encrypted for this person cannot be read any more, by nobody."""
    PersonKey.objects.filter(user_id=user_id).delete()
    _remembered.pop(user_id, None)
    # Once more afterwards: until the commit, others still see the key and remember it.
    transaction.on_commit(lambda: _remembered.pop(user_id, None), robust=True)


def _hold(user_id: UUID) -> None:
    """Whoever writes something personal and whoever deletes the account wait for each other: what is written is there
    to be deleted, or is not written. Until the transaction ends.

    Raises UserTokenMissing: nobody acts for an account that is deleted, and whoever began to before hears the same.
    """
    statement = 'SELECT 1 FROM "user" WHERE id = %s AND is_active'
    if connection.vendor == "postgresql":
        statement += " FOR KEY SHARE"  # as a foreign key has it: two writers do not wait for each other
    key = PersonKey._meta.get_field("user").get_db_prep_value(user_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
        if cursor.fetchone() is None:
            raise UserTokenMissing


class PersonalField(EncryptedField):
    """A JSON value, encrypted with the key of the person in the row's `user_id`. None once the key was shredded.

    Saving raises UserTokenMissing when the account was deleted.
    """

    def seal(self, plain: Any, instance: models.Model) -> bytes:
        _hold(instance.user_id)  # type: ignore[attr-defined]
        cipher = cipher_of(instance.user_id, make=True)  # type: ignore[attr-defined]
        return cipher.encrypt(orjson.dumps(plain), bound_to=self.binding(instance))

    def unseal(self, sealed: bytes, instance: models.Model) -> Any:
        try:
            cipher = cipher_of(instance.user_id)  # type: ignore[attr-defined]
        except DecryptionFailed:
            return None
        return orjson.loads(cipher.decrypt(sealed, bound_to=self.binding(instance)))
