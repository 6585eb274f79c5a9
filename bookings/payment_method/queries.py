"""Reads of cards. Another traveler's, or a deleted one, is not found."""

from datetime import date
from uuid import UUID

from django.db import models
from django.db.models import QuerySet

from bookings.payment_method.models import PaymentMethod
from bookings.payment_method.schemas import NamePaymentMethod, PaymentMethodList, PaymentMethodView
from movmo.kit.errors import NotFound
from movmo.operations.context import Context


def owned(*, user_id: UUID, payment_method_id: UUID) -> PaymentMethod:
    """Raises NotFound."""
    card = _usable(user_id).filter(pk=payment_method_id).first()
    if card is None:
        raise NotFound("payment method")
    return card


def held(*, user_id: UUID, payment_method_id: UUID) -> PaymentMethod:
    """The card, and the row: of a booking with it and its deletion at once, the second sees what the first did.

    Updating a row to what it is holds it on both databases until the transaction ends. Raises NotFound.
    """
    _usable(user_id).filter(pk=payment_method_id).update(deleted_at=None)
    return owned(user_id=user_id, payment_method_id=payment_method_id)


def list_of(ctx: Context) -> PaymentMethodList:
    """The default one first, then the newest."""
    cards = _usable(ctx.traveler_id).order_by("-is_default", "-id")
    return PaymentMethodList(data=[view(card, today=ctx.now.date()) for card in cards])


def _usable(user_id: UUID) -> QuerySet[PaymentMethod]:
    """Cards that their vault has described and that nobody deleted."""
    return PaymentMethod.objects.filter(user_id=user_id, deleted_at=None, described_at__isnull=False)


def read(ctx: Context, request: NamePaymentMethod) -> PaymentMethodView:
    """Raises NotFound."""
    card = owned(user_id=ctx.traveler_id, payment_method_id=request.payment_method_id)
    return view(card, today=ctx.now.date())


def expiring(*, today: date) -> list[PaymentMethod]:
    """Cards that end this month or the next, and whose owners were not told yet."""
    ahead = today.year * 12 + today.month
    months = models.F("exp_year") * 12 + models.F("exp_month")
    rows = PaymentMethod.objects.annotate(ends=months).filter(deleted_at=None, expiry_notice_at=None)
    return list(rows.filter(ends__gte=ahead, ends__lte=ahead + 1).select_related("user").order_by("id"))


def is_expired(card: PaymentMethod, *, today: date) -> bool:
    """A card is good until the end of its month."""
    return (card.exp_year, card.exp_month) < (today.year, today.month)


def view(card: PaymentMethod, *, today: date) -> PaymentMethodView:
    return PaymentMethodView(
        payment_method_id=card.id,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        is_default=card.is_default,
        is_expired=is_expired(card, today=today),
        is_test=card.is_test,
    )
