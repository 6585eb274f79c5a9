"""A partner opens a checkout and takes it back; a frame claims it.

What a checkout asks of the rest of the house goes through the pipeline, like every other door's calls.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F

from checkout_widget.session import queries, schemas, steps
from checkout_widget.session.asking import ask
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.refusals import (
    CheckoutNotOpen,
    ClientSecretInvalid,
    FrameReplaced,
    OfferNotActive,
    OriginNotRegistered,
)
from checkout_widget.session.schemas import CheckoutView, OpenCheckout, OpenedCheckout
from checkout_widget.session.states import EARLY, UNDER_WAY
from checkout_widget.session.states import CheckoutState as State
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.kit.money import Money
from movmo.operations.context import Context
from partners.origin import origins
from partners.origin import queries as registered

LIFE = timedelta(minutes=30)
"""At most; an offer may be over sooner."""
SECRET_PREFIX = "mvm_cs_"  # noqa: S105  (what secrets begin with)

Offer = dict[str, Any]


def offer_of(ctx: Context, request: OpenCheckout) -> Offer:
    """What is to be sold, with no transaction open: a raw offer is submitted by create_offer.

    Raises OriginNotRegistered, InvalidArguments, OfferNotActive, and what create_offer and get_offer_details refuse.
    """
    _check_addresses(ctx, request)
    if request.offer is not None:
        arguments = {"provider": request.provider, "offer": request.offer}
        return ask(ctx.caller, "create_offer", arguments).view.model_dump()
    arguments = {"provider": request.provider, "offer_id": str(request.offer_id)}
    return ask(ctx.caller, "get_offer_details", arguments).view.model_dump()


def _check_addresses(ctx: Context, request: OpenCheckout) -> None:
    try:
        origin = origins.of(request.origin)
    except ValueError as problem:
        raise InvalidArguments({"/origin": str(problem)}) from None
    if origin != request.origin:
        raise InvalidArguments({"/origin": f"Write it as browsers do: {origin}"})
    if not registered.is_registered(ctx.partner_id, origin):
        raise OriginNotRegistered(origin=origin)
    try:
        target = origins.of(request.return_url)
    except ValueError as problem:
        raise InvalidArguments({"/return_url": str(problem)}) from None
    if target != origin and not registered.is_registered(ctx.partner_id, target):
        raise InvalidArguments({"/return_url": f"{target} is not registered for your checkout."})


def open_(ctx: Context, request: OpenCheckout, offer: Offer) -> OpenedCheckout:
    """Raises OfferNotActive."""
    if offer["status"] != "active" or offer["expires_at"] <= ctx.now:
        raise OfferNotActive(status=str(offer["status"]))
    total = Money.parse(offer["total"]["amount"], offer["total"]["currency"])
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    session = CheckoutSession(
        id=ctx.resource_id,
        partner_id=ctx.partner_id,
        is_live_key=bool(ctx.caller.is_live_key),
        origin=request.origin,
        return_url=request.return_url,
        locale=request.locale,
        customer_email=request.customer_email.encode() if request.customer_email else None,
        provider=offer["provider"],
        offer_id=offer["offer_id"],
        total_minor=total.minor,
        currency=total.currency,
        secret_digest=_digest(secret),
        created_at=ctx.now,
        updated_at=ctx.now,
        expires_at=min(offer["expires_at"], ctx.now + LIFE),
    )
    session.save(force_insert=True)
    told = schemas.described(session, status=State.OPEN, url=queries.url_of(session))
    return OpenedCheckout(client_secret=secret, **told)


def cancel(ctx: Context, session_id: UUID) -> CheckoutView:
    """Nobody may say yes to it any more. Once canceled it stays so. Raises NotFound or CheckoutNotOpen."""
    session = queries.owned(ctx, session_id)
    state = steps.state_of(session, now=ctx.now)
    if state is not State.CANCELED and (
        state not in EARLY or not steps.move(session, State.CANCELED, now=ctx.now, bearer_digest="")
    ):
        session.refresh_from_db()
        raise CheckoutNotOpen(status=str(steps.state_of(session, now=ctx.now)))
    return queries.read(ctx, session_id)


def claim(session_id: UUID, client_secret: str, *, now: datetime) -> tuple[CheckoutSession, str]:
    """A frame takes the session over, with the token that it works with from now on. The frame before has none any
    more, and nobody is signed in: whoever holds the secret is not thereby the traveler. A booking that is under way,
    or made, stays, and is told without anybody's names.

    Raises NotFound or ClientSecretInvalid.
    """
    session = CheckoutSession.objects.filter(pk=session_id).first()
    if session is None:
        raise NotFound("checkout")
    if not hmac.compare_digest(_digest(client_secret), session.secret_digest):
        raise ClientSecretInvalid
    bearer = secrets.token_urlsafe(32)
    taken = {"bearer_digest": _digest(bearer), "claims": F("claims") + 1}
    if steps.state_of(session, now=now) in (State.AUTHENTICATED, State.READY):
        # Somebody else's step at this moment is theirs: the next request of the old frame is refused all the same.
        steps.move(session, State.OPEN, now=now, user_id=None, payment_method_id=None)
    CheckoutSession.objects.filter(pk=session.pk).update(**taken)
    session.refresh_from_db()
    session.signing_in = None
    session.save(update_fields=["signing_in"])
    return session, bearer


def held(session_id: UUID, bearer: str) -> CheckoutSession:
    """The session of the frame that works with this token. Raises NotFound or FrameReplaced."""
    session = CheckoutSession.objects.filter(pk=session_id).first()
    if session is None:
        raise NotFound("checkout")
    if not session.bearer_digest or not hmac.compare_digest(_digest(bearer), session.bearer_digest):
        raise FrameReplaced
    return session


def arrive(session: CheckoutSession, user_id: UUID, *, now: datetime) -> None:
    """Somebody has shown in the frame who they are. Raises CheckoutNotOpen."""
    if steps.state_of(session, now=now) is not State.OPEN or not steps.move(
        session, State.AUTHENTICATED, now=now, user_id=user_id
    ):
        raise not_open(session, now=now)


def settle_party(session: CheckoutSession, offer: Offer, *, now: datetime) -> None:
    """After somebody was put on a slot: ready once every slot has its passenger. Raises CheckoutNotOpen."""
    is_whole = all(slot["passenger_id"] for slot in offer["passengers"])
    after = State.READY if is_whole else State.AUTHENTICATED
    if session.state != after and not steps.move(session, after, now=now):
        raise not_open(session, now=now)


def requote(session: CheckoutSession, total: Money, *, now: datetime) -> bool:
    """Another price is shown from now on. False if it is the same. Raises CheckoutNotOpen."""
    if total == session.total:
        return False
    changes: dict[str, Any] = {
        "total_minor": total.minor,
        "currency": total.currency,
        "quote_version": session.quote_version + 1,
    }
    if not steps.move(session, State.READY, now=now, **changes):
        raise not_open(session, now=now)
    return True


def not_open(session: CheckoutSession, *, now: datetime) -> CheckoutNotOpen:
    session.refresh_from_db()
    return CheckoutNotOpen(status=str(steps.state_of(session, now=now)))


def is_over(session: CheckoutSession, *, now: datetime) -> bool:
    return steps.state_of(session, now=now) not in (*EARLY, *UNDER_WAY)


def expire(*, now: datetime, limit: int = 200) -> int:
    """Tell of those whose time is over. Returns how many."""
    over = CheckoutSession.objects.filter(state__in=EARLY, expires_at__lte=now).order_by("expires_at")[:limit]
    return sum(steps.move(session, State.EXPIRED, now=now, bearer_digest="") for session in over)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
