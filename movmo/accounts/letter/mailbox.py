"""E-mail of the embedded default: letters become files, and a page shows them. Production sends by SMTP instead."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from movmo.kit import clock
from movmo.kit.ids import new_id

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Letter:
    to: str
    subject: str
    body: str
    sent_at: str


class MailboxBackend(BaseEmailBackend):
    """One JSON file a letter. File names are UUIDv7, so they sort by time."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            sent_at = clock.now().isoformat(timespec="seconds")
            letter = Letter(", ".join(message.to), str(message.subject), str(message.body), sent_at)
            unfinished = folder / f"{new_id()}.part"
            unfinished.write_text(json.dumps(asdict(letter)))
            unfinished.rename(unfinished.with_suffix(".json"))
        return len(email_messages)


def latest() -> list[Letter]:
    """The newest letters, newest first."""
    files = sorted(_folder().glob("*.json"), reverse=True)[:SHOWN]
    return [Letter(**json.loads(file.read_text())) for file in files]


def _folder() -> Path:
    return Path(settings.MOVMO_MAILBOX)
