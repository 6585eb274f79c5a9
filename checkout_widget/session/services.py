"""A partner opens a checkout and takes it back; a frame claims it.

What a checkout asks of the rest of the house goes through the pipeline, like every other door's calls.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F

from checkout_widget.session import callers, events, queries, steps
from checkout_widget.session.asking import ask, values_of
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.refusals import (
    CheckoutNotOpen,
    ClientSecretInvalid,
    FrameReplaced,
    OfferNotActive,
    OriginNotRegistered,
)
from checkout_widget.session.schemas import CheckoutView, OpenCheckout, OpenedCheckout
from checkout_widget.session.settling import DROPPED
from checkout_widget.session.states import EARLY, SIGNED_IN
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock
from movmo.kit.errors import DomainError, InvalidArguments, NotFound
from movmo.kit.money import Money
from movmo.operations.context import Context
from movmo.operations.dispatch import Contended
from partners.origin import origins
from partners.origin import queries as registered

LIFE = timedelta(minutes=30)
"""At most; an offer may be over sooner."""
SECRET_PREFIX = "mvm_cs_"  # noqa: S105  (what secrets begin with)

Offer = dict[str, Any]


def offer_of(ctx: Context, request: OpenCheckout) -> Offer:
    """What is to be sold, with no transaction open: a raw offer is submitted by create_offer.

    It is the partner's until a traveler in the frame takes it: a token that came with the key makes it nobody's.

    Raises OriginNotRegistered, InvalidArguments, and what create_offer and get_offer_details refuse.
    """
    _check_addresses(ctx, request)
    partner = replace(ctx.caller, user_id=None, scopes=frozenset(), is_part=True)
    if request.offer is not None:
        arguments = {"provider": request.provider, "offer": request.offer}
        return ask(partner, "create_offer", arguments).view.model_dump()
    arguments = {"provider": request.provider, "offer_id": str(request.offer_id)}
    return ask(partner, "get_offer_details", arguments).view.model_dump()


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
        provider_offer_id=offer["provider_offer_id"],
        total_minor=total.minor,
        currency=total.currency,
        secret_digest=_digest(secret),
        created_at=ctx.now,
        updated_at=ctx.now,
        expires_at=min(offer["expires_at"], ctx.now + LIFE),
    )
    events.tell(session, State.OPEN, at=ctx.now)
    session.sequence += 1
    session.save(force_insert=True)
    return OpenedCheckout(client_secret=secret, **queries.described(session, status=State.OPEN))


def cancel(ctx: Context, session_id: UUID) -> CheckoutView:
    """Nobody may say yes to it any more. Once canceled it stays so. Raises NotFound, CheckoutNotOpen or Contended."""
    for _ in range(steps.MOST_RACES):
        session = queries.owned(ctx, session_id)
        state = steps.state_of(session, now=ctx.now)
        if state is State.CANCELED:
            return queries.read(ctx, session_id)
        if state not in EARLY:
            raise CheckoutNotOpen(status=str(state))
        if steps.move(session, State.CANCELED, now=ctx.now, user_id=None, signing_in=None):
            return queries.read(ctx, session_id)
    raise Contended(retry_after=1)


def claim(session_id: UUID, client_secret: str, *, now: datetime) -> tuple[CheckoutSession, str]:
    """A frame takes the session over, with the token that it works with from now on. The frame before has none any
    more, and nobody is signed in: whoever holds the secret is not thereby the traveler. A booking that is under way,
    or made, stays, and is told without anybody's names.

    Raises NotFound, ClientSecretInvalid or Contended.
    """
    for _ in range(steps.MOST_RACES):
        session = opened_with(session_id, client_secret)
        bearer = secrets.token_urlsafe(32)
        if _hand_over(session, _digest(bearer), now=now):
            return session, bearer
    raise Contended(retry_after=1)


def opened_with(session_id: UUID, client_secret: str) -> CheckoutSession:
    """The session, for whoever has its secret. Raises NotFound or ClientSecretInvalid."""
    session = _of_id(session_id)
    if not hmac.compare_digest(_digest(client_secret), session.secret_digest):
        raise ClientSecretInvalid
    return session


def _hand_over(session: CheckoutSession, bearer_digest: str, *, now: datetime) -> bool:
    """In one statement: whoever was just signing in did so in the frame before, and not in this one."""
    taken: dict[str, Any] = {
        "bearer_digest": bearer_digest,
        "claims": session.claims + 1,
        "user_id": None,
        "payment_method_id": None,
        "signing_in": None,
    }
    if steps.state_of(session, now=now) in SIGNED_IN:
        return steps.move(session, State.OPEN, now=now, **taken)
    return steps.note(session, **taken)


def held(session_id: UUID, bearer: str) -> CheckoutSession:
    """The session of the frame that works with this token. Raises NotFound or FrameReplaced."""
    session = _of_id(session_id)
    if not session.bearer_digest or not hmac.compare_digest(_digest(bearer), session.bearer_digest):
        raise FrameReplaced
    return session


def _of_id(session_id: UUID) -> CheckoutSession:
    session = queries.of_id(session_id)
    if session is None:
        raise NotFound("checkout")
    return session


def arrive(session: CheckoutSession, user_id: UUID, *, now: datetime) -> None:
    """Somebody has shown in the frame who they are. Raises CheckoutNotOpen or FrameReplaced."""
    _step(session, State.AUTHENTICATED, among=(State.OPEN,), now=now, user_id=user_id, signing_in=None)


def settle_party(session: CheckoutSession, offer: Offer, *, now: datetime) -> None:
    """After somebody was put on a slot: ready once every slot has its passenger. Raises as `arrive`."""
    is_whole = all(slot["passenger_id"] for slot in offer["passengers"])
    after = State.READY if is_whole else State.AUTHENTICATED
    if steps.state_of(session, now=now) is not after:
        _step(session, after, among=SIGNED_IN, now=now)


def renew(session: CheckoutSession, *, request_id: str = "") -> dict[str, Any]:
    """Ask the airline for the offer as it is sold now. The session takes its price, and lives as long as it as far as a
    session may. Another price is another quote, and so is one without a seat or a bag that was chosen. Returns what
    refresh_offer tells. Raises what that refuses, CheckoutNotOpen or FrameReplaced.
    """
    sold = values_of(callers.of(session, request_id=request_id), "refresh_offer", **session.offer_named)
    is_less = bool(sold["dropped_services"])
    if is_less:
        _note_dropped(session)
    _take_price(session, sold["offer"], is_less=is_less, now=clock.now())
    return sold


def _note_dropped(session: CheckoutSession) -> None:
    """In every checkout of the offer, whoever moves it meanwhile: the offer itself does not tell it a second time."""
    same = CheckoutSession.objects.filter(provider=session.provider, offer_id=session.offer_id, state__in=EARLY)
    same.update(quote_version=F("quote_version") + 1, failure_code=DROPPED)
    session.refresh_from_db(fields=["quote_version", "failure_code"])


def _take_price(session: CheckoutSession, offer: Offer, *, is_less: bool, now: datetime) -> None:
    total = Money.parse(offer["total"]["amount"], offer["total"]["currency"])
    changes: dict[str, Any] = {"expires_at": min(offer["expires_at"], session.created_at + LIFE)}
    if total != session.total:
        changes |= {"total_minor": total.minor, "currency": total.currency}
    if total != session.total and not is_less:
        changes["quote_version"] = session.quote_version + 1
    state = steps.state_of(session, now=now)
    if state not in SIGNED_IN:  # one that ran out while the airline was asked: its partner may know by now
        raise not_open(session, now=now)
    is_news = (is_less or total != session.total) and state is State.READY
    taken = steps.move(session, State.READY, now=now, **changes) if is_news else steps.note(session, **changes)
    if not taken:
        raise not_open(session, now=now)


def _step(session: CheckoutSession, after: State, *, among: Iterable[State], now: datetime, **changes: Any) -> None:
    if steps.state_of(session, now=now) not in among or not steps.move(session, after, now=now, **changes):
        raise not_open(session, now=now)


def not_open(session: CheckoutSession, *, now: datetime) -> DomainError:
    """Why a step was not taken, by the row as it is now."""
    bearer = session.bearer_digest
    session.refresh_from_db()
    if session.bearer_digest != bearer:
        return FrameReplaced()
    return CheckoutNotOpen(status=str(steps.state_of(session, now=now)))


def expire(*, now: datetime, limit: int = 200) -> int:
    """Tell of those whose time is over. Returns how many."""
    over = CheckoutSession.objects.filter(state__in=EARLY, expires_at__lte=now).order_by("expires_at")[:limit]
    return sum(steps.move(session, State.EXPIRED, now=now, user_id=None, signing_in=None) for session in over)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
