"""E-mail of the embedded default: letters become files, and a page shows them. Production sends by SMTP instead."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailAlternative, EmailAttachment, EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from movmo.accounts.letter.sending import Attachment
from movmo.kit import clock
from movmo.kit.ids import new_id

SHOWN = 50
HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Letter:
    """`page` is its HTML part, if it has one: not ours to trust, because names that people chose are in it."""

    id: str
    to: str
    subject: str
    body: str
    sent_at: str
    page: str = ""
    attachments: list[Attachment] = field(default_factory=list)


class MailboxBackend(BaseEmailBackend):
    """One JSON file a letter. File names are UUIDv7, so they sort by time."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            letter = _kept(message)
            unfinished = folder / f"{letter.id}.part"
            unfinished.write_text(json.dumps(asdict(letter)))
            unfinished.rename(unfinished.with_suffix(".json"))
        return len(email_messages)


def latest() -> list[Letter]:
    """The newest letters, newest first."""
    files = sorted(_folder().glob("*.json"), reverse=True)[:SHOWN]
    return [_read(file) for file in files]


def letter(letter_id: UUID) -> Letter | None:
    file = _folder() / f"{letter_id}.json"
    return _read(file) if file.is_file() else None


def _kept(message: EmailMessage) -> Letter:
    alternatives: list[EmailAlternative] = getattr(message, "alternatives", [])
    pages = [str(part.content) for part in alternatives if part.mimetype == HTML]
    files = [part for part in message.attachments if isinstance(part, EmailAttachment)]
    return Letter(
        id=str(new_id()),
        to=", ".join(message.to),
        subject=str(message.subject),
        body=str(message.body),
        sent_at=clock.now().isoformat(timespec="seconds"),
        page=pages[0] if pages else "",
        attachments=[Attachment(str(file.filename), str(file.content), str(file.mimetype)) for file in files],
    )


def _read(file: Path) -> Letter:
    kept: dict[str, Any] = {"id": file.stem, **json.loads(file.read_text())}
    kept["attachments"] = [Attachment(*one) for one in kept.get("attachments", [])]
    return Letter(**kept)


def _folder() -> Path:
    return Path(settings.MOVMO_MAILBOX)
