"""The signing keys where they are kept: the first signs, all verify, and a comment before each says since when.

    # made 2027-03-01T12:00:00+00:00
    -----BEGIN PRIVATE KEY-----
    …

A key is needed until everything it signed has run out. It stops signing when the next one is in front and every
process has been restarted, which no file knows; so it is kept for a day longer than its tokens live.
"""

# The library is untyped.
# mypy: allow-untyped-calls

import json
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from oauth2_provider.utils import jwk_from_pem

from movmo.kit.rsa import new_rsa_key
from partners.oauth.tokens import LIFETIME

SECRET = "MOVMO_OAUTH_RSA_KEY"  # noqa: S105 the name of one
NEEDED_AFTER = LIFETIME + timedelta(days=1)
_ENTRY = re.compile(r"(?:# made (\S+)\n)?(-----BEGIN [A-Z ]+-----.+?-----END [A-Z ]+-----)", re.DOTALL)


class NotKept(Exception):
    """The keys cannot be changed where they are; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    pem: str
    made_at: datetime | None

    @property
    def kid(self) -> str:
        return str(jwk_from_pem(self.pem).thumbprint())


def rotate(*, now: datetime) -> list[Key]:
    """Put a new key in front. Returns all, the new one first. Raises NotKept."""
    keys = [Key(new_rsa_key().strip(), now.replace(microsecond=0)), *_kept()]
    _keep(keys)
    return keys


def retire(*, now: datetime) -> list[Key]:
    """Take away what is no longer needed and return it. Raises NotKept."""
    keys = _kept()
    needed = [key for position, key in enumerate(keys) if position == 0 or _is_needed(keys[position - 1], now)]
    if len(needed) < len(keys):
        _keep(needed)
    return [key for key in keys if key not in needed]


def _is_needed(successor: Key, now: datetime) -> bool:
    """Whether the key behind `successor` still is. Without a date nobody knows: a person put it there."""
    return successor.made_at is None or now < successor.made_at + NEEDED_AFTER


def _kept() -> list[Key]:
    try:
        found = _ENTRY.findall(_text())
        keys = [Key(pem, datetime.fromisoformat(made) if made else None) for made, pem in found]
        [key.kid for key in keys]  # the check: what cannot be read must not be written back
    except (OSError, ValueError, KeyError) as failure:
        raise NotKept(f"The keys cannot be read: {type(failure).__name__}.") from None
    if not keys:
        raise NotKept("There is no key to put another in front of.")
    return keys


def _place() -> Path:
    place: Path | None = settings.MOVMO_OAUTH_KEY_FILE
    if place is None:
        raise NotKept(f"{SECRET} is set in the environment, which no command can change: name a file in {SECRET}_FILE.")
    return place.resolve()


def _is_shared(place: Path) -> bool:
    """Whether it is the file in which development keeps all of its secrets."""
    return place.suffix == ".json"


def _text() -> str:
    place = _place()
    content = place.read_text()
    return str(json.loads(content)[SECRET]) if _is_shared(place) else content


def _keep(keys: Sequence[Key]) -> None:
    place = _place()
    text = "".join((f"# made {key.made_at.isoformat()}\n" if key.made_at else "") + key.pem + "\n" for key in keys)
    if _is_shared(place):
        text = json.dumps(json.loads(place.read_text()) | {SECRET: text})
    _replace(place, text)


def _replace(place: Path, text: str) -> None:
    """Whole or not at all, readable for nobody but the owner it had. The file aside keeps a second rotation out."""
    aside = place.with_name(f"{place.name}.new")
    try:
        opened = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as failure:
        raise NotKept(f"{aside} cannot be made ({failure.strerror}): see whether another rotation made it.") from None
    try:
        with os.fdopen(opened, "w") as fresh:
            fresh.write(text)
            fresh.flush()
            os.fsync(opened)
        owner = place.stat()
        with suppress(PermissionError):  # only root gives files away
            os.chown(aside, owner.st_uid, owner.st_gid)
        aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)
