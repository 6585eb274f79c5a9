"""What is written while contact details change. Sent after the commit; a mail server that fails fails no change."""

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from movmo.accounts.contact_change.models import ContactChange
from movmo.accounts.models import User

log = structlog.get_logger()

NAMES = {ContactChange.Kind.EMAIL: "e-mail address", ContactChange.Kind.PHONE_NUMBER: "telephone number"}


def can_text() -> bool:
    """Whether anything sends text messages: the mailbox of the embedded default does, a mail server does not."""
    return bool(settings.MOVMO_TEXT_MESSAGES)


def send_codes(
    traveler: User, kind: ContactChange.Kind, value: str, code: str, identity_code: str, *, is_taken: bool
) -> None:
    """One code to each place. The owner of a taken address hears that somebody tried, and gets no code."""
    facts = {"what": NAMES[kind], "origin": settings.ORIGIN}
    if is_taken:
        _send(value, "contact_taken", facts)
    else:
        _send(value, "contact_code", {**facts, "code": code})
    _send(traveler.email, "contact_identity", {**facts, "code": identity_code})


def send_notice(traveler: User, kind: ContactChange.Kind, *, to: str) -> None:
    _send(to, "contact_changed", {"what": NAMES[kind], "origin": settings.ORIGIN})


def _send(to: str, letter: str, facts: dict[str, str]) -> None:
    subject = render_to_string(f"email/{letter}_subject.txt", facts).strip()
    body = render_to_string(f"email/{letter}_message.txt", facts)
    try:
        EmailMessage(subject, body, to=[to]).send()
    except OSError as failure:
        log.error("letter.not_sent", letter=letter, failure=type(failure).__name__)
