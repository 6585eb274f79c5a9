"""What is encrypted can be read in its own place only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movmo.kit.crypto import DecryptionFailed, KeyRing

OLD, NEW = b"o" * 32, b"n" * 32
HERE = "passenger:1:passport"

ring = KeyRing({1: OLD}, current=1)


@given(st.binary(max_size=200))
def test_what_was_encrypted_is_decrypted(plaintext: bytes) -> None:
    assert ring.decrypt(ring.encrypt(plaintext, bound_to=HERE), bound_to=HERE) == plaintext


@pytest.mark.parametrize("elsewhere", ["passenger:2:passport", "passenger:1:visa", "offer:1:passport", ""])
def test_a_value_moved_to_another_row_or_field_is_refused(elsewhere: str) -> None:
    stored = ring.encrypt(b"P123", bound_to=HERE)
    with pytest.raises(DecryptionFailed):
        ring.decrypt(stored, bound_to=elsewhere)


@given(st.integers(0, 28 + 4), st.integers(1, 255))
def test_a_single_changed_byte_is_refused(position: int, change: int) -> None:
    stored = bytearray(ring.encrypt(b"P123", bound_to=HERE))
    stored[position % len(stored)] ^= change
    with pytest.raises(DecryptionFailed):
        ring.decrypt(bytes(stored), bound_to=HERE)


@given(st.binary(max_size=40))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        ring.decrypt(noise, bound_to=HERE)


def test_a_value_under_a_key_outside_the_ring_is_refused() -> None:
    stored = KeyRing({9: NEW}, current=9).encrypt(b"P123", bound_to=HERE)
    with pytest.raises(DecryptionFailed):
        ring.decrypt(stored, bound_to=HERE)


def test_after_a_rotation_old_values_still_decrypt_and_new_ones_use_the_new_key() -> None:
    rotated = KeyRing({1: OLD, 2: NEW}, current=2)
    assert rotated.decrypt(ring.encrypt(b"P123", bound_to=HERE), bound_to=HERE) == b"P123"
    assert rotated.encrypt(b"P123", bound_to=HERE)[0] == 2


def test_the_same_value_is_never_stored_twice_alike() -> None:
    assert ring.encrypt(b"P123", bound_to=HERE) != ring.encrypt(b"P123", bound_to=HERE)


def test_the_current_key_must_be_in_the_ring() -> None:
    with pytest.raises(ValueError, match="not in the ring"):
        KeyRing({1: OLD}, current=2)
