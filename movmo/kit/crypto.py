"""Encryption at rest: AES-256-GCM with a key id, bound to the row and field it belongs to.

Layout of a ciphertext: key id (1 byte) ‖ nonce (12) ‖ ciphertext and tag. The associated data is
`model:pk:field`, so a value moved to another row or column does not decrypt. New values use the
ring's current key; every key of the ring decrypts.
"""

import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class DecryptionFailed(Exception):
    """The value was altered, moved from another row, or its key is not in the ring."""


class KeyRing:
    """AES-256 keys by id (0-255); `current` encrypts. Keys are 32 bytes."""

    def __init__(self, keys: Mapping[int, bytes], current: int) -> None:
        if current not in keys:
            raise ValueError(f"the current key {current} is not in the ring")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current

    @property
    def current(self) -> int:
        return self._current

    def encrypt(self, plaintext: bytes, *, bound_to: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, plaintext, bound_to.encode())
        return bytes([self._current]) + nonce + sealed

    def decrypt(self, stored: bytes, *, bound_to: str) -> bytes:
        """Raises DecryptionFailed."""
        cipher = self._ciphers.get(stored[0]) if stored else None
        if cipher is None:
            raise DecryptionFailed("no key in the ring has this value's key id")
        nonce, sealed = stored[1 : 1 + NONCE_BYTES], stored[1 + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, sealed, bound_to.encode())
        except (InvalidTag, ValueError) as failure:
            raise DecryptionFailed("the value was altered or belongs to another row") from failure
