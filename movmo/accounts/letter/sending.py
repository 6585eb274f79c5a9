"""Writing one letter and posting it. To whom, and what it says, is never logged.

A letter's words stand in templates/email: `<letter>_subject.txt` and `<letter>_message.txt`, and beside them, for one
that has a designed page too, `<letter>_message.html`.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string

from movmo.kit.text import one_line

log = structlog.get_logger()

LONGEST_SUBJECT = 200
# RFC 3834: no mailbox answers that its owner is on holiday.
HEADERS = {"Auto-Submitted": "auto-generated"}


class LetterNotTaken(Exception):
    """The mail server did not take the letter. Names the kind of failure only: its text holds addresses."""


class Attachment(NamedTuple):
    """A file of text that goes with a letter."""

    name: str
    text: str
    content_type: str


def send(letter: str, to: str, facts: dict[str, Any]) -> bool:
    """Write and post one that a person waits for. False when the mail server did not take it: the log says which kind
    of letter is lost."""
    try:
        post(write(letter, to, facts))
    except LetterNotTaken as failure:
        log.error("letter.not_sent", letter=letter, error=str(failure))
        return False
    return True


def write(
    letter: str,
    to: str,
    facts: dict[str, Any],
    *,
    letter_id: UUID | None = None,
    has_page: bool = False,
    attachments: Iterable[Attachment] = (),
) -> EmailMessage:
    """`letter_id` stays the same when the letter is posted once more, so that mail programs show it once."""
    message = EmailMultiAlternatives(
        subject=one_line(render_to_string(f"email/{letter}_subject.txt", facts), longest=LONGEST_SUBJECT),
        body=render_to_string(f"email/{letter}_message.txt", facts),
        to=[to],
        headers={**HEADERS, "Message-ID": f"<{letter_id}@{host()}>"} if letter_id else HEADERS,
    )
    if has_page:
        message.attach_alternative(render_to_string(f"email/{letter}_message.html", facts), "text/html")
    for attachment in attachments:
        message.attach(*attachment)
    return message


def post(message: EmailMessage) -> None:
    """Raises LetterNotTaken."""
    try:
        message.send()
    except (OSError, ValueError) as failure:  # smtplib's errors are OSErrors
        raise LetterNotTaken(type(failure).__name__) from None


def host() -> str:
    """Where ids of letters and of what goes with them are ours."""
    return urlsplit(settings.ORIGIN).hostname or "localhost"
