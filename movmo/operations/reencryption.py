"""After a new key: every value that an older one encrypted is encrypted anew, while everything goes on.

Rows are taken in small batches, and each is written only if it is still what was read: a change in the meantime wins,
and was made under the new key anyway. Both keys stay in the ring until this has come to its end.
"""

from collections.abc import Callable, Iterator

from django.apps import apps
from django.db import connection, models, transaction

from movmo.kit.encrypted import EncryptedField, keyring

BATCH = 500

Renewal = Callable[[], Iterator[int]]
_others: dict[str, Renewal] = {}


def register(name: str, renew: Renewal) -> None:
    """What is encrypted elsewhere than in a field of ours; at start-up. `renew` yields how many it wrote."""
    _others[name] = renew


def renewals() -> Iterator[tuple[str, Iterator[int]]]:
    """Everything there is to encrypt anew, by name."""
    for field in fields():
        yield f"{field.model._meta.label}.{field.name}", run(field)
    for name, renew in _others.items():
        yield name, renew()


def fields() -> list[EncryptedField]:
    """What hangs on the house's keys: what is encrypted with a person's own key does not, only that key itself."""
    every = (field for model in apps.get_models() for field in model._meta.local_fields)
    return [field for field in every if type(field) is EncryptedField]


def run(field: EncryptedField) -> Iterator[int]:
    """Encrypt the field's column anew; yields after each batch how many rows it wrote."""
    last = None
    while rows := _batch(field, after=last):
        last = rows[-1].pk
        yield sum(_renew(field, row) for row in rows if _is_old(field, row))


def _batch(field: EncryptedField, *, after: object) -> list[models.Model]:
    found = field.model._default_manager.exclude(**{field.attname: None}).order_by("pk")
    return list((found if after is None else found.filter(pk__gt=after))[:BATCH])


def _stored(field: EncryptedField, row: models.Model) -> bytes:
    return bytes(row.__dict__[field.attname])


def _is_old(field: EncryptedField, row: models.Model) -> bool:
    return _stored(field, row)[0] != keyring().current


def _renew(field: EncryptedField, row: models.Model) -> bool:
    """Write one value, unless somebody else has written it meanwhile."""
    before = _stored(field, row)
    after = field.seal(field.unseal(before, row), row)
    quoted = connection.ops.quote_name
    table, column, key = str(field.model._meta.db_table), str(field.column), str(field.model._meta.pk.column)
    statement = f"UPDATE {quoted(table)} SET {quoted(column)} = %s WHERE {quoted(key)} = %s AND {quoted(column)} = %s"  # noqa: S608
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [after, field.model._meta.pk.get_db_prep_value(row.pk, connection), before])
        return bool(cursor.rowcount)
