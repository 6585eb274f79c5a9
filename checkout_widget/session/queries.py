"""Reads of checkouts, by their partner and by staff."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from checkout_widget.session import steps
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from checkout_widget.session.schemas import CheckoutView, TotalView
from checkout_widget.session.states import BOOKED, CheckoutState
from movmo.kit.errors import NotFound
from movmo.operations.context import Context


def of_id(session_id: UUID) -> CheckoutSession | None:
    """The one that a frame's address names, whoever asks."""
    return CheckoutSession.objects.filter(pk=session_id).first()


def owned(ctx: Context, session_id: UUID) -> CheckoutSession:
    """Raises NotFound; test keys and live keys see their own."""
    mine = CheckoutSession.objects.filter(partner_id=ctx.partner_id, is_live_key=bool(ctx.caller.is_live_key))
    found = mine.filter(pk=session_id).first()
    if found is None:
        raise NotFound("checkout session")
    return found


def read(ctx: Context, session_id: UUID) -> CheckoutView:
    session = owned(ctx, session_id)
    return CheckoutView(**described(session, status=steps.state_of(session, now=ctx.now)))


def described(session: CheckoutSession, *, status: CheckoutState) -> dict[str, Any]:
    """The fields of a CheckoutView."""
    return {
        "session_id": session.pk,
        "status": status,
        "url": url_of(session),
        "origin": session.origin,
        "locale": session.locale,
        "provider": session.provider,
        "offer_id": session.offer_id,
        "total": TotalView.of(session.total),
        "quote_version": session.quote_version,
        "booking_id": session.booking_id,
        "record_locator": session.record_locator or None,
        "failure_code": session.failure_code or None,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
    }


def booked_twice() -> QuerySet[CheckoutSession]:
    """Those of which more was booked than one flight once, and nothing has been given back: by one session, or by one
    person who bought one offer in several. Nothing here does so; whatever has, a person mends."""
    same_offer = Q(user_id=OuterRef("user_id"), provider_offer_id=OuterRef("provider_offer_id"))
    twins = CheckoutAttempt.objects.filter(
        Q(session_id=OuterRef("session_id")) | same_offer, provider=OuterRef("provider"), outcome__in=BOOKED
    ).exclude(pk=OuterRef("pk"))
    booked = CheckoutAttempt.objects.filter(Exists(twins), outcome__in=BOOKED)
    return CheckoutSession.objects.filter(pk__in=booked.values("session_id"))


def url_of(session: CheckoutSession) -> str:
    return f"{settings.ORIGIN}{reverse('checkout:frame', args=[session.pk])}"
