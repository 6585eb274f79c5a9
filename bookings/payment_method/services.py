"""Writes of cards. The vault is asked with no transaction open, and a deletion never waits for it.

DomainError
├── CaptureInvalid       the capture is over, or was used
├── CardNotCaptured      the vault has no such card
├── CardGone             the vault had it, and has it no more
├── CardExpired          the card's month is over
├── CardInUse            a booking that is under way pays with it, or money is still held on it
├── CardAlreadyKept      this card is kept already
└── VaultUnavailable     the vault did not answer
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F

from bookings.payment_method import queries
from bookings.payment_method.models import CardCapture, PaymentMethod, Redaction
from bookings.payment_method.schemas import (
    CaptureView,
    CreatePaymentMethod,
    NamePaymentMethod,
    PaymentMethodDeleted,
    PaymentMethodView,
    SecurityCodeView,
    UpdatePaymentMethod,
)
from bookings.payment_method.vaults import port, registry
from movmo.accounts.letter import notices
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.kit.errors import DomainError, InvalidArguments, Kind, NotFound
from movmo.operations.context import Context

log = structlog.get_logger()

CAPTURE_LIFE = timedelta(minutes=30)
LONGEST_AHEAD_YEARS = 30


class CaptureInvalid(DomainError):
    kind = Kind.RULE
    code = "capture_invalid"
    message = "This capture is over, or was used for another card."
    hint = "Open a new one with open_card_capture, show the vault's fields again, and send its new token."


class CardNotCaptured(DomainError):
    kind = Kind.RULE
    code = "card_not_captured"
    message = "The vault has no card of this token."
    hint = "Show the vault's card fields again, and send the token they answer with."


class CardGone(DomainError):
    kind = Kind.RULE
    code = "payment_method_gone"
    message = "The vault does not have this card any more."
    hint = (
        "Nothing was booked and no money moved. Let the traveler add the card again in their Movmo account, under "
        "Cards, or use another one of get_payment_methods."
    )


class CardExpired(DomainError):
    kind = Kind.RULE
    code = "card_expired"
    message = "The card has expired."
    hint = "Use another card."


class CardInUse(DomainError):
    kind = Kind.CONFLICT
    code = "card_in_use"
    message = "A booking that is under way pays with this card, or a payment has still to be given back to it."
    hint = "Wait until the booking is decided and nothing is held on the card, then delete it."


class CardAlreadyKept(DomainError):
    kind = Kind.CONFLICT
    code = "card_already_kept"
    message = "This card was added already."
    hint = "See get_payment_methods."


class VaultUnavailable(DomainError):
    kind = Kind.UPSTREAM_UNREACHABLE
    code = "vault_unavailable"
    message = "The card vault cannot be reached."
    hint = "Repeat the same call with the same idempotency key in a moment; nothing was charged."
    retryable = True


UseCheck = Callable[[UUID], bool]
_is_in_use: UseCheck | None = None


def install_use_check(is_in_use: UseCheck) -> None:
    """Whether a booking under way pays with a card. Bookings know cards, and not the other way round."""
    global _is_in_use
    _is_in_use = is_in_use


def open_capture(ctx: Context) -> CaptureView:
    """Raises VaultUnavailable where there is no vault."""
    vault = registry.current()
    if vault is None:
        raise VaultUnavailable(retry_after=3600)
    CardCapture.objects.create(
        id=ctx.resource_id,
        user_id=ctx.traveler_id,
        vault=vault.name,
        created_at=ctx.now,
        expires_at=ctx.now + CAPTURE_LIFE,
    )
    access = vault.form_access()
    return CaptureView(
        capture_id=ctx.resource_id,
        vault=access.vault,
        environment_key=access.environment_key,
        script_url=access.script_url,
    )


def open_security_code(ctx: Context, request: NamePaymentMethod) -> SecurityCodeView:
    """Nothing is written, and the vault alone knows whether it has a code. Raises NotFound, CardGone or
    VaultUnavailable."""
    card = queries.owned(user_id=ctx.traveler_id, payment_method_id=request.payment_method_id)
    try:
        vault = registry.vault(card.vault)
        told = vault.describe(card.token or "")
    except port.TokenUnknown:
        raise CardGone from None
    except (port.VaultUnavailable, registry.NoSuchVault) as failure:
        log.warning("vault.unavailable", vault=card.vault, detail=str(failure))
        raise VaultUnavailable(retry_after=2) from None
    access = vault.form_access()
    return SecurityCodeView(
        payment_method_id=card.id,
        is_held=told.has_code,
        vault=access.vault,
        environment_key=access.environment_key,
        script_url=access.script_url,
        vault_token=told.token,
        brand=card.brand,
        last4=card.last4,
    )


def reserve(ctx: Context, request: CreatePaymentMethod) -> None:
    """Take the capture and write the token down. Raises NotFound, CaptureInvalid or CardAlreadyKept."""
    mine = CardCapture.objects.filter(pk=request.capture_id, user_id=ctx.traveler_id)
    if (capture := mine.first()) is None:
        raise NotFound("capture")
    if not mine.filter(used_at=None, expires_at__gt=ctx.now).update(used_at=ctx.now):
        raise CaptureInvalid
    card = PaymentMethod(
        id=ctx.resource_id,
        user_id=ctx.traveler_id,
        vault=capture.vault,
        token=request.vault_token,
        becomes_default=request.is_default,
        created_at=ctx.now,
    )
    try:
        with transaction.atomic():
            card.save(force_insert=True)
    except IntegrityError:
        # Whoever has got hold of another traveler's token does not learn that it is one.
        is_mine = PaymentMethod.objects.filter(user_id=ctx.traveler_id, lookup=card.lookup).exists()
        raise (CardAlreadyKept if is_mine else CardNotCaptured) from None


def advance(ctx: Context, card_id: UUID) -> PaymentMethodView:
    """Let the vault keep the card and say what it is. Safe to repeat. Raises CardNotCaptured, CardExpired or
    VaultUnavailable."""
    card = PaymentMethod.objects.get(pk=card_id)
    if card.described_at is None and card.deleted_at is None:
        try:
            told = registry.vault(card.vault).retain(card.token or "")
        except port.TokenUnknown:
            _drop(card, now=ctx.clock())
            raise CardNotCaptured from None
        except (port.VaultUnavailable, registry.NoSuchVault) as failure:
            log.warning("vault.unavailable", vault=card.vault, detail=str(failure))
            raise VaultUnavailable(retry_after=2) from None
        _describe(card, told, now=ctx.clock())
        card.refresh_from_db()
    if card.deleted_at is not None:
        raise CardNotCaptured
    if queries.is_expired(card, today=ctx.now.date()):
        _drop(card, now=ctx.clock())
        raise CardExpired
    return queries.view(card, today=ctx.now.date())


def _describe(card: PaymentMethod, told: port.VaultCard, *, now: datetime) -> None:
    """Once: another call with the same key may have been faster, and the card be changed or deleted since."""
    with transaction.atomic(durable=True):
        _hold_owner(card)
        undescribed = PaymentMethod.objects.filter(pk=card.pk, described_at=None, deleted_at=None)
        if not undescribed.exists():
            return
        _set_default(card, is_default=card.becomes_default)
        undescribed.update(
            brand=told.brand,
            last4=told.last4,
            is_test=told.is_test,
            exp_month=told.exp_month,
            exp_year=told.exp_year,
            described_at=now,
            is_default=card.is_default,
        )


def _drop(card: PaymentMethod, *, now: datetime) -> None:
    """Not a card after all: the vault is told to forget what it may have."""
    with transaction.atomic(durable=True):
        discard(card, now=now)


def update(ctx: Context, request: UpdatePaymentMethod) -> PaymentMethodView:
    """Raises NotFound, CardExpired or InvalidArguments."""
    today = ctx.now.date()
    if request.exp_year > today.year + LONGEST_AHEAD_YEARS:
        raise InvalidArguments({"/exp_year": f"No card is good for more than {LONGEST_AHEAD_YEARS} years."})
    card = queries.owned(user_id=ctx.traveler_id, payment_method_id=request.payment_method_id)
    if (card.exp_month, card.exp_year) != (request.exp_month, request.exp_year):
        card.expiry_notice_at = None
    card.exp_month, card.exp_year = request.exp_month, request.exp_year
    if queries.is_expired(card, today=today):
        raise CardExpired
    _set_default(card, is_default=request.is_default)
    card.save(update_fields=["exp_month", "exp_year", "is_default", "expiry_notice_at"])
    return queries.view(card, today=today)


def _set_default(card: PaymentMethod, *, is_default: bool) -> None:
    """At most one of a traveler's cards is the default."""
    _hold_owner(card)
    if is_default:
        PaymentMethod.objects.filter(user_id=card.user_id, is_default=True).exclude(pk=card.pk).update(is_default=False)
    card.is_default = is_default


def _hold_owner(card: PaymentMethod) -> None:
    """The traveler's row is held until the transaction ends, so that two changes of their cards queue."""
    list(User.objects.select_for_update().filter(pk=card.user_id).values_list("pk"))


def delete(ctx: Context, request: NamePaymentMethod) -> PaymentMethodDeleted:
    """Gone for the traveler at once; the vault forgets it when it can be reached. Raises NotFound or CardInUse."""
    card = queries.held(user_id=ctx.traveler_id, payment_method_id=request.payment_method_id)
    assert _is_in_use is not None, "install_use_check was not called at start-up"
    if _is_in_use(card.id):
        raise CardInUse
    discard(card, now=ctx.now)
    return PaymentMethodDeleted(payment_method_id=card.id)


def discard(card: PaymentMethod, *, now: datetime) -> None:
    """Within a transaction: the card is gone, and its token waits for the vault, which is asked after the commit."""
    if card.token is not None:
        waiting = Redaction(vault=card.vault, token=card.token.encode(), created_at=now)
        waiting.save(force_insert=True)
        transaction.on_commit(lambda: redact(waiting), robust=True)
    card.deleted_at, card.is_default, card.token = now, False, None
    card.save(update_fields=["deleted_at", "is_default", "token", "lookup"])


def redact(waiting: Redaction) -> bool:
    """Let the vault forget a card. False when it could not be reached: the sweep comes again."""
    try:
        registry.vault(waiting.vault).redact(waiting.token.decode())
    except (port.VaultFailure, registry.NoSuchVault) as failure:
        log.warning("card.not_redacted", redaction_id=str(waiting.id), detail=str(failure))
        Redaction.objects.filter(pk=waiting.pk).update(attempts=F("attempts") + 1)
        return False
    Redaction.objects.filter(pk=waiting.pk).delete()
    return True


def sweep(*, limit: int = 100) -> tuple[int, int]:
    """Redact what waits for it, the least tried first. Returns how many were redacted, and how many were not.

    Captures that ended go too: each opening of the card form leaves one.
    """
    CardCapture.objects.filter(expires_at__lt=clock.now() - CAPTURE_LIFE).delete()
    waiting = list(Redaction.objects.order_by("attempts", "id")[:limit])
    done = sum(redact(one) for one in waiting)
    return done, len(waiting) - done


def tell_of_expiring(*, now: datetime) -> int:
    """Write to people whose cards expire soon, once for each card. Returns how many letters."""
    told = 0
    for card in queries.expiring(today=now.date()):
        with transaction.atomic(durable=True):
            if PaymentMethod.objects.filter(pk=card.pk, expiry_notice_at=None).update(expiry_notice_at=now):
                until = f"{card.exp_month}/{card.exp_year}"
                notices.card_expiring(card.user, card=f"{card.brand} ending in {card.last4}", until=until)
                told += 1
    return told
