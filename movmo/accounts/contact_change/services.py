"""A new e-mail address or telephone in three steps, so that a stolen token alone changes nothing.

    initiate → a code to the new place, another to the present e-mail address
    verify_identity → with the latter, a token that is good for five minutes
    confirm → with the former and the token, the change; a notice goes to the old address

DomainError
├── CodeInvalid              wrong, or too late: not told apart
├── ContactChangeLimited     too many changes begun
└── TextMessagesUnavailable  nobody here sends text messages
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from movmo.accounts import limits
from movmo.accounts.contact_change import letters
from movmo.accounts.contact_change.models import ContactChange
from movmo.accounts.contact_change.schemas import (
    ConfirmContactChange,
    ContactChangeView,
    IdentityView,
    InitiateContactChange,
    VerifyIdentity,
)
from movmo.accounts.models import User
from movmo.accounts.profile import queries as profile
from movmo.accounts.profile.schemas import ProfileView
from movmo.kit.errors import DomainError, InvalidArguments, Kind, NotFound
from movmo.operations.context import Context
from movmo.operations.lookup import fingerprint

LIFE, IDENTITY_LIFE = timedelta(minutes=15), timedelta(minutes=5)
CHANGES_AN_HOUR, TRIES_AN_HOUR = 6, 10


class CodeInvalid(DomainError):
    kind = Kind.RULE
    code = "code_invalid"
    message = "This code or token is wrong, or works no longer."
    hint = "Look at the latest letters. After 15 minutes, or several wrong tries, begin again with a new change."


class ContactChangeLimited(DomainError):
    kind = Kind.LIMITED
    code = "contact_change_limited"
    message = "Too many changes of contact details were begun, or too many codes tried."
    hint = "Wait as long as `Retry-After` says, then begin again."
    retryable = True


class TextMessagesUnavailable(DomainError):
    kind = Kind.RULE
    code = "text_messages_unavailable"
    message = "No telephone number can be proven here: this server sends no text messages."
    hint = "Change the e-mail address only."


def initiate(ctx: Context, request: InitiateContactChange) -> ContactChangeView:
    """Raises InvalidArguments, ContactChangeLimited or TextMessagesUnavailable. A taken address is not told."""
    kind = ContactChange.Kind.EMAIL if request.email else ContactChange.Kind.PHONE_NUMBER
    value = (request.email or "").lower() or request.phone_number or ""
    traveler = User.objects.get(pk=ctx.traveler_id)
    if value in (traveler.email, traveler.phone_number):
        raise InvalidArguments({f"/{kind}": "This is the present one already."})
    if kind is ContactChange.Kind.PHONE_NUMBER and not letters.can_text():
        raise TextMessagesUnavailable
    _spend("contact change", str(traveler.pk), an_hour=CHANGES_AN_HOUR)
    ContactChange.objects.filter(user=traveler, ended_at=None).update(ended_at=ctx.now)
    codes = (_six_digits(), _six_digits())
    change = ContactChange(
        id=ctx.resource_id,
        user=traveler,
        kind=kind,
        value=value,
        code=_hash(codes[0]),
        identity_code=_hash(codes[1]),
        created_at=ctx.now,
        expires_at=ctx.now + LIFE,
    )
    change.save(force_insert=True)
    is_taken = kind is ContactChange.Kind.EMAIL and User.objects.filter(email=value).exists()
    transaction.on_commit(lambda: letters.send_codes(traveler, kind, value, *codes, is_taken=is_taken))
    return ContactChangeView(change_id=change.id, kind=kind.value, expires_at=change.expires_at)


def verify_identity(ctx: Context, request: VerifyIdentity) -> IdentityView:
    """Raises CodeInvalid or ContactChangeLimited."""
    change = _open_change(ctx, request.change_id, proof="identity code")
    if not _is(change.identity_code, request.identity_code):
        raise CodeInvalid
    token, until = secrets.token_urlsafe(32), ctx.now + IDENTITY_LIFE
    ContactChange.objects.filter(pk=change.pk).update(identity_token=_hash(token), identity_until=until)
    return IdentityView(change_id=change.id, identity_token=token, expires_at=until)


def confirm(ctx: Context, request: ConfirmContactChange) -> ProfileView:
    """Raises CodeInvalid or ContactChangeLimited."""
    change = _open_change(ctx, request.change_id, proof="contact code")
    if not _is(change.code, request.code) or not _is_proven(change, request.identity_token, now=ctx.now):
        raise CodeInvalid
    # Of two confirmations at once, one makes the change.
    if not ContactChange.objects.filter(pk=change.pk, ended_at=None).update(ended_at=ctx.now):
        raise CodeInvalid
    traveler = User.objects.get(pk=ctx.traveler_id)
    old_email = traveler.email
    setattr(traveler, change.kind, change.value)
    try:
        with transaction.atomic():
            traveler.save(update_fields=[change.kind])
    except IntegrityError:  # somebody made an account of the address meanwhile
        raise CodeInvalid from None
    # The sign-in library keeps addresses of its own; an old one of them would still let its owner in.
    EmailAddress.objects.filter(user=traveler).delete()
    letters.put_notice(traveler, ContactChange.Kind(change.kind), to=old_email)
    return profile.view(traveler)


def _open_change(ctx: Context, change_id: UUID, *, proof: str) -> ContactChange:
    """Takes one try of the proof. Raises NotFound, CodeInvalid or ContactChangeLimited."""
    change = ContactChange.objects.filter(pk=change_id, user_id=ctx.traveler_id).first()
    if change is None:
        raise NotFound("contact change")
    _spend(proof, str(change_id), an_hour=TRIES_AN_HOUR)
    if change.ended_at is not None or change.expires_at <= ctx.now:
        raise CodeInvalid
    return change


def _spend(what: str, who: str, *, an_hour: int) -> None:
    if seconds := limits.wait(what, who, an_hour=an_hour):
        raise ContactChangeLimited(retry_after=seconds)


def _is_proven(change: ContactChange, token: str, *, now: datetime) -> bool:
    return change.identity_until is not None and change.identity_until > now and _is(change.identity_token, token)


def _six_digits() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


def _hash(secret: str) -> bytes:
    return fingerprint(secret)


def _is(kept: bytes | memoryview | None, given: str) -> bool:
    return kept is not None and secrets.compare_digest(bytes(kept), _hash(given))
