"""What is written while contact details change. Codes are posted after the commit, and a mail server that fails fails
no change; that a change was made is told by the outbox, like every notice."""

from django.conf import settings

from movmo.accounts.contact_change.models import ContactChange
from movmo.accounts.letter import sending as letters
from movmo.accounts.letter import services as outgoing
from movmo.accounts.models import User

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
        letters.send("contact_taken", value, facts)
    else:
        letters.send("contact_code", value, {**facts, "code": code})
    letters.send("contact_identity", traveler.email, {**facts, "code": identity_code})


def put_notice(traveler: User, kind: ContactChange.Kind, *, to: str) -> None:
    """In the transaction of the change. `to` is the address until then."""
    outgoing.put("contact_changed", to, {"what": NAMES[kind]}, of=traveler)
