"""The process's key ring, built once from settings."""

from functools import cache

from django.conf import settings

from movmo.kit.crypto import KeyRing


@cache
def keyring() -> KeyRing:
    keys: dict[int, bytes] = settings.MOVMO_ENCRYPTION_KEYS
    return KeyRing(keys, current=max(keys))
