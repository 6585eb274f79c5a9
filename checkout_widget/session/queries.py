"""Reads of checkouts, by their partner."""

from uuid import UUID

from django.conf import settings
from django.urls import reverse

from checkout_widget.session import schemas, steps
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.schemas import CheckoutView
from movmo.kit.errors import NotFound
from movmo.operations.context import Context


def owned(ctx: Context, session_id: UUID) -> CheckoutSession:
    """Raises NotFound; test keys and live keys see their own."""
    mine = CheckoutSession.objects.filter(partner_id=ctx.partner_id, is_live_key=bool(ctx.caller.is_live_key))
    found = mine.filter(pk=session_id).first()
    if found is None:
        raise NotFound("checkout session")
    return found


def read(ctx: Context, session_id: UUID) -> CheckoutView:
    session = owned(ctx, session_id)
    return CheckoutView(**schemas.described(session, status=steps.state_of(session, now=ctx.now), url=url_of(session)))


def url_of(session: CheckoutSession) -> str:
    return f"{settings.ORIGIN}{reverse('checkout:frame', args=[session.pk])}"
