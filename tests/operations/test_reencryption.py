"""A new key: everything is encrypted with it, nothing is lost, and nobody has to stop."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command

from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.identity_document.services import DocumentAlreadyKept
from movmo.accounts import personal
from movmo.accounts.models import User
from movmo.accounts.office import second_factor
from movmo.accounts.personal import PersonKey
from movmo.kit import encrypted
from movmo.kit.ids import new_id
from movmo.operations import lookup, reencryption
from movmo.operations.models import HouseKey, IdempotencyRecord
from tests.conftest import NOON
from tests.contract.world import World

pytestmark = pytest.mark.django_db

OLD, NEW = {1: b"o" * 32}, {2: b"n" * 32}


@pytest.fixture
def ring(settings: Any) -> Iterator[Any]:
    """Put keys into the ring of this process."""

    def use(keys: dict[int, bytes]) -> None:
        settings.MOVMO_ENCRYPTION_KEYS = keys
        encrypted.keyring.cache_clear()
        personal._remembered.clear()
        lookup._remembered.clear()

    use(OLD)
    yield use
    encrypted.keyring.cache_clear()
    personal._remembered.clear()
    lookup._remembered.clear()


def record(key: str, stored: bytes) -> IdempotencyRecord:
    made = IdempotencyRecord(
        owner_id=new_id(),
        key_hash=key.encode(),
        operation="any",
        fingerprint=b"f",
        resource_id=new_id(),
        stored=stored,
        created_at=NOON,
        expires_at=NOON,
    )
    made.save(force_insert=True)
    return made


def key_ids(model: Any, column: str) -> set[int]:
    return {bytes(value)[0] for value in model.objects.values_list(column, flat=True) if value is not None}


def test_everything_is_readable_without_the_old_key(ring: Any, world: World) -> None:
    document, kept = world.document(), record("a", b"hunter2")
    ring(OLD | NEW)
    call_command("reencrypt")
    ring(NEW)
    assert IdentityDocument.objects.get(pk=document.document_id).number == document.number
    assert IdempotencyRecord.objects.get(pk=kept.pk).stored == b"hunter2"
    assert key_ids(IdempotencyRecord, "stored") == key_ids(PersonKey, "wrapped") == {2}


def test_what_is_kept_twice_is_noticed_before_and_after(ring: Any, world: World) -> None:
    document = world.document()
    ring(OLD | NEW)
    with pytest.raises(DocumentAlreadyKept):
        world.document(passenger_id=str(document.passenger_id))
    call_command("reencrypt")
    ring(NEW)
    assert key_ids(HouseKey, "wrapped") == {2}
    assert str(HouseKey.objects.get()) == "lookup"
    with pytest.raises(DocumentAlreadyKept):
        world.document(passenger_id=str(document.passenger_id))


def test_it_may_be_repeated(ring: Any, capsys: Any) -> None:
    record("a", b"hunter2")
    ring(OLD | NEW)
    call_command("reencrypt")
    capsys.readouterr()
    call_command("reencrypt")
    told = capsys.readouterr().out
    assert "operations.IdempotencyRecord.stored: 0\n" in told


def test_a_change_in_the_meantime_wins(ring: Any) -> None:
    kept = record("a", b"old")
    ring(OLD | NEW)
    field = next(field for field in reencryption.fields() if field.model is IdempotencyRecord)
    (row,) = reencryption._batch(field, after=None)
    kept.stored = b"new"
    kept.save()
    assert not reencryption._renew(field, row)
    assert IdempotencyRecord.objects.get(pk=kept.pk).stored == b"new"


def test_it_takes_more_than_one_batch(ring: Any) -> None:
    many = reencryption.BATCH + 7
    for number in range(many):
        record(base64.b32encode(number.to_bytes(4, "big")).decode(), b"x")
    ring(OLD | NEW)
    field = next(field for field in reencryption.fields() if field.model is IdempotencyRecord)
    assert list(reencryption.run(field)) == [reencryption.BATCH, 7]


def test_a_clerk_comes_in_when_the_old_key_is_gone(ring: Any) -> None:
    ops = User.objects.create_superuser("ops@example.com")
    secret = second_factor.new_secret()
    codes = second_factor.start_over(ops, secret)
    ring(OLD | NEW)
    call_command("reencrypt")
    ring(NEW)
    app, recovery = (Authenticator.objects.get(user=ops, type=kind) for kind in ("totp", "recovery_codes"))
    assert second_factor.unsealed(app.data["secret"]) == secret
    assert recovery.wrap().validate_code(codes[0])
