"""A field that is encrypted in the table and plain to the program."""

import pytest

from movmo.kit.crypto import DecryptionFailed
from movmo.kit.encrypted import Sealed
from movmo.kit.ids import new_id
from movmo.operations.models import IdempotencyRecord
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

PLAIN = b"hunter2"


def saved(key: bytes = b"a", stored: bytes | None = PLAIN) -> IdempotencyRecord:
    record = IdempotencyRecord(
        owner_id=new_id(),
        key_hash=key,
        operation="any",
        fingerprint=b"f",
        resource_id=new_id(),
        stored=stored,
        created_at=NOON,
        expires_at=NOON,
    )
    record.save(force_insert=True)
    return record


def in_the_table(record: IdempotencyRecord) -> bytes:
    (stored,) = IdempotencyRecord.objects.filter(pk=record.pk).values_list("stored", flat=True)
    return bytes(stored or b"")


def loaded(record: IdempotencyRecord) -> IdempotencyRecord:
    return IdempotencyRecord.objects.get(pk=record.pk)


def test_the_table_holds_a_ciphertext_and_the_program_the_plain_bytes() -> None:
    record = saved()
    assert PLAIN not in in_the_table(record)
    assert record.stored == loaded(record).stored == PLAIN


def test_nothing_stays_nothing() -> None:
    assert loaded(saved(stored=None)).stored is None


def test_a_row_that_is_saved_again_stays_readable() -> None:
    record = loaded(saved())
    record.save()
    record.save(update_fields=["stored"])
    assert loaded(record).stored == PLAIN


def test_a_changed_value_is_encrypted_anew() -> None:
    record = loaded(saved())
    record.stored = b"swordfish"
    record.save()
    assert loaded(record).stored == b"swordfish"
    assert b"swordfish" not in in_the_table(record)


def test_many_rows_at_once_are_each_bound_to_their_own() -> None:
    first = saved()
    copies = [loaded(first) for _ in range(2)]
    for number, copy in enumerate(copies):
        copy.pk, copy.key_hash, copy.stored = new_id(), bytes([number]), PLAIN
    IdempotencyRecord.objects.bulk_create(copies)
    assert [loaded(copy).stored for copy in copies] == [PLAIN, PLAIN]


def test_a_ciphertext_of_another_row_does_not_decrypt() -> None:
    here, there = saved(b"a"), saved(b"b")
    IdempotencyRecord.objects.filter(pk=there.pk).update(stored=Sealed(in_the_table(here)))
    with pytest.raises(DecryptionFailed):
        _ = loaded(there).stored


def test_a_deferred_value_is_fetched_when_it_is_looked_at() -> None:
    record = IdempotencyRecord.objects.defer("stored").get(pk=saved().pk)
    assert record.stored == PLAIN


def test_plain_bytes_cannot_be_written_past_the_row() -> None:
    record = saved()
    with pytest.raises(TypeError, match="assign it and save the row"):
        IdempotencyRecord.objects.filter(pk=record.pk).update(stored=PLAIN)
