"""What no secret of production may be: short, guessable, copied from somewhere. The value itself is never told."""

import zlib
from collections.abc import Iterable
from itertools import pairwise

SHORTEST = 50  # characters of a text; of hexadecimal that is 200 bits
FEWEST = 40  # bytes that are left of a random text of that length when it is compressed; of a pattern, hardly any
DISTINCT = 12  # different distances from one byte of a random key to the next; there are about 29 of 31
PLACEHOLDERS = ("change", "insecure", "placeholder", "default", "example", "password", "development")
COMMON_PASSWORDS = frozenset(
    ("postgres", "postgresql", "password", "secret", "changeme", "change-me", "movmo", "admin", "root", "test", "guest")
)


class Misconfigured(Exception):
    """The environment says something that cannot be run with."""


def refuse_text(name: str, value: str) -> None:
    """Raises Misconfigured, for a text that one could guess."""
    if len(value) < SHORTEST:
        raise Misconfigured(
            f"{name} must have {SHORTEST} characters or more in production; make one: openssl rand -hex 32"
        )
    is_placeholder = any(word in value.lower() for word in PLACEHOLDERS)
    if is_placeholder or len(zlib.compress(value.encode(), 9)) < FEWEST:
        raise Misconfigured(f"{name} must be random in production, not a placeholder; make one: openssl rand -hex 32")


def refuse_key(name: str, key: bytes) -> None:
    """Raises Misconfigured, for key bytes that are a text or a pattern."""
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    if len(steps) < DISTINCT or all(32 <= byte < 127 for byte in key):
        raise Misconfigured(f"{name} must hold random bytes in production; make a key: openssl rand -base64 32")


def refuse_password(name: str, password: str) -> None:
    """Raises Misconfigured, for a password that everybody tries first. None at all is the database's business: it may
    know its clients by certificate or socket."""
    if password.lower() in COMMON_PASSWORDS:
        raise Misconfigured(f"{name} must not have a well-known password in production")


def refuse_generated(name: str, values: Iterable[str], kept: str) -> None:
    """Raises Misconfigured, for what development made for itself on this machine."""
    if kept and any(value.strip() in kept for value in values):
        raise Misconfigured(f"{name} must not be the one that development made in secrets.json; make a new one")
