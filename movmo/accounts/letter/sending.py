"""Sending one letter. What it says stands in templates/email; to whom and what is never logged."""

from typing import Any

import structlog
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

log = structlog.get_logger()

LONGEST_NAME = 60


def send(letter: str, to: str, facts: dict[str, Any]) -> bool:
    """Write and post it. False when the mail server did not take it: the log says which kind of letter is lost."""
    message = EmailMessage(
        subject=render_to_string(f"email/{letter}_subject.txt", facts).strip(),
        body=render_to_string(f"email/{letter}_message.txt", facts),
        to=[to],
    )
    try:
        message.send()
    except (OSError, ValueError) as failure:  # smtplib's errors are OSErrors; their texts hold addresses
        log.error("letter.not_sent", letter=letter, error=type(failure).__name__)
        return False
    return True


def one_line(text: str) -> str:
    """A name that somebody else chose, as one short line of characters that can be seen."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1] + "…"
