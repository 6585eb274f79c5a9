"""The key's text: `mvm_live_` or `mvm_test_`, 30 base62 characters (178 bits), 6 base62 characters of CRC-32.

The prefix lets a secret scanner find a leaked key; the checksum lets a typo be refused without asking the database.
"""

import hashlib
import re
import secrets
import zlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET_LENGTH = 30
CHECKSUM_LENGTH = 6
SHAPE = re.compile(rf"mvm_(?:live|test)_[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}", re.ASCII)


def generate(*, live: bool) -> str:
    body = ("mvm_live_" if live else "mvm_test_") + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    return body + checksum(body)


def checksum(body: str) -> str:
    """CRC-32 of the prefix and the secret, six base62 digits, most significant first."""
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def is_well_formed(raw: str) -> bool:
    """Whether the text could be a key of ours. Says nothing about whether it is one."""
    return SHAPE.fullmatch(raw) is not None and checksum(raw[:-CHECKSUM_LENGTH]) == raw[-CHECKSUM_LENGTH:]


def digest(raw: str) -> str:
    """What is kept at rest. One round of SHA-256 is enough for a secret that nobody chose."""
    return hashlib.sha256(raw.encode()).hexdigest()


def hint(raw: str) -> str:
    """Enough to tell two keys apart on a page, too little to use one."""
    return f"{raw[:12]}…{raw[-4:]}"
