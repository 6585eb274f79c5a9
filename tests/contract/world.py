"""A world in which every operation can be called: whose it is, and valid arguments for each operation.

Everything is made through the operations themselves, for `World.caller`. Dates hang on the clock, so a world works with
a stopped clock and with the real one.
"""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urljoin
from uuid import uuid4

import httpx2
import pytest

from bookings.booking import watching
from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.schemas import BookingView
from bookings.cancellation.schemas import CancellationQuoteView
from bookings.offer.schemas import OfferView
from bookings.passenger.identity_document.schemas import IdentityDocumentView
from bookings.passenger.schemas import PassengerView
from bookings.payment_method.schemas import CaptureView, PaymentMethodView
from bookings.providers.types import PassengerType, SearchQuery, SliceQuery
from bookings.sandbox_airline.models import SandboxOrder
from bookings.sandbox_airline.services import SandboxAirline
from bookings.sandbox_airline.triggers import AFTERTHOUGHT
from movmo.accounts.contact_change.models import ContactChange
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.kit.errors import DomainError, Internal, InvalidArguments
from movmo.operations import registry
from movmo.operations.approval.refusals import ApprovalRequired
from movmo.operations.card_numbers import CardNumberRefused
from movmo.operations.context import Caller, Door, View
from movmo.operations.dispatch import Answer, Contended, dispatch
from movmo.operations.idempotency import IdempotencyInProgress, IdempotencyKeyReused
from movmo.operations.lookup import fingerprint
from movmo.operations.scopes import SCOPES, UserTokenMissing
from movmo.operations.spec import Operation
from partners.oauth.models import Application
from partners.partner.models import Partner
from partners.webhook.models import MOST_ENDPOINTS
from partners.webhook.schemas import DeliveryView, EndpointList, NewEndpointView
from tests import factories
from tests.approving import is_asked

EVERY_SCOPE = frozenset(SCOPES)
DAYS_AHEAD = 60
YEARS_OLD = {"ADT": 34, "CHD": 8, "INF": 0}

# What any operation may answer with, beside the errors that it declares.
OF_THE_PIPELINE = (
    InvalidArguments,
    CardNumberRefused,
    UserTokenMissing,
    IdempotencyKeyReused,
    IdempotencyInProgress,
    ApprovalRequired,
    Contended,
    Internal,
)

ViewT = TypeVar("ViewT", bound=View)

TRAVEL_WISHES = {
    "seat": "aisle",
    "meal": "VGML",
    "cabin_class": None,
    "loyalty_programmes": [{"airline": "KL", "number": "2048815162"}],
    "known_traveler_number": "TT1234567",
}
CODE, TOKEN = "730196", "proof-of-identity-for-the-tests"
PASSPORT = {
    "type": "passport",
    "number": "NX4P87L21",
    "issuing_country": "NL",
    "issued_on": "2021-05-04",
    "expires_on": "2031-05-04",
}
WEBHOOK = {"url": "https://hooks.example.com/movmo?token=thylacine", "event_types": ["booking.ticketed.v1"]}


def by_key_and_token(traveler: User, partner: Partner, scopes: frozenset[str] = EVERY_SCOPE) -> Caller:
    """REST with a test key of the partner and the traveler's token."""
    return Caller(
        door=Door.REST,
        user_id=traveler.pk,
        partner_id=partner.pk,
        api_key_id=uuid4(),
        client_id="web",
        client_partner_id=partner.pk,
        scopes=scopes,
        is_live_key=False,
    )


def by_key(partner: Partner) -> Caller:
    """REST with a test key of the partner alone."""
    return Caller(door=Door.REST, partner_id=partner.pk, api_key_id=uuid4(), is_live_key=False)


def with_a_yes(call: Callable[[], Answer]) -> Answer:
    try:
        return call()
    except ApprovalRequired as refusal:
        is_asked({"code": refusal.code, **refusal.facts})
        return call()


def by_agent(traveler: User, application: Application, scopes: frozenset[str] = EVERY_SCOPE) -> Caller:
    """MCP: the traveler's token and nothing else."""
    return Caller(door=Door.MCP, user_id=traveler.pk, client_id=application.client_id, scopes=scopes)


def the(name: str) -> Operation:
    """The operation of this name."""
    found = registry.get(name)
    assert found is not None, f"there is no operation {name}"
    return found


def type_card(script_url: str, number: str) -> str:
    """What the vault's hosted fields do with what a person types; returns the token."""
    card = {"number": number, "verification_value": "123", "month": 12, "year": 2034, "full_name": "Ana Andersson"}
    if number.startswith("3"):
        card["verification_value"] = "1234"
    sent = {"environment_key": "sandbox-environment", "payment_method": {"credit_card": card}}
    answer = _posted(urljoin(script_url, "/v1/payment_methods/restricted.json"), sent)
    token: str = answer.json()["transaction"]["payment_method"]["token"]
    return token


def type_code(script_url: str, token: str, code: str = "123") -> httpx2.Response:
    """What the vault's hosted field does with the security code of a card that is kept."""
    sent = {"environment_key": "sandbox-environment", "payment_method": {"credit_card": {"verification_value": code}}}
    return _posted(urljoin(script_url, f"/v1/payment_methods/{token}/recache.json"), sent)


def _posted(address: str, sent: dict[str, Any]) -> httpx2.Response:
    """Without TLS: to read whom to trust takes longer than the call."""
    return httpx2.post(address, json=sent, trust_env=False, verify=False)


def new_key() -> str:
    return f"key-{uuid4()}"


def raw_offer(*party: str, origin: str = "AMS", destination: str = "LIS", holdable: bool = False) -> dict[str, Any]:
    """The cheapest raw offer of the sandbox airline for a party like ("ADT", "INF"); one adult if none is given."""
    travellers = tuple(PassengerType(type_) for type_ in party or ("ADT",))
    query = SearchQuery((SliceQuery(origin, destination, departure_date()),), travellers)
    found = SandboxAirline().search(query, now=clock.now())
    return next(one for one in found if not (holdable and one["payment_requirements"]["requires_instant_payment"]))


def departure_date() -> date:
    return clock.now().date() + timedelta(days=DAYS_AHEAD)


def born(type_: str) -> date:
    """The birth date of somebody who travels as this type on `departure_date`."""
    return departure_date().replace(day=1) - timedelta(days=round(365.25 * YEARS_OLD[type_]) + 150)


class World:
    """One caller's offers, passengers and bookings."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self._given_names = iter(f"Ana{chr(65 + n % 26)}{chr(65 + n // 26)}" for n in range(26 * 26))

    def call(self, name: str, /, *, key: Any = None, by: Any = None, **arguments: Any) -> Answer:
        """Dispatch for the caller, writes with a fresh key unless one is given. Raises DomainError, declared ones.

        Whatever the traveler is asked, they say yes to.
        """
        operation = the(name)
        sent = None if operation.is_read else key or new_key()
        try:
            return with_a_yes(partial(dispatch, operation, by or self.caller, arguments, sent))
        except DomainError as refusal:
            assert isinstance(refusal, (*operation.errors, *OF_THE_PIPELINE)), f"{name} does not declare {refusal.code}"
            raise

    def offer(self, *party: str, **flight: Any) -> OfferView:
        """A submitted offer with empty slots."""
        raw = raw_offer(*party, **flight)
        return view_of(OfferView, self.call("create_offer", provider="sandbox", offer=raw))

    def passenger(self, type_: str = "ADT", **changes: Any) -> PassengerView:
        person = {
            "given_name": next(self._given_names),
            "family_name": "Andersson",
            "birth_date": born(type_).isoformat(),
            "gender": "F",
        }
        return view_of(PassengerView, self.call("create_passenger_profile", **{**person, **changes}))

    def contact_change(self) -> ContactChange:
        """One that waits for its codes, all of them `CODE`, with the identity proven by `TOKEN`."""
        code, now = fingerprint(CODE), clock.now()
        return ContactChange.objects.create(
            user_id=str(self.caller.user_id),
            kind=ContactChange.Kind.EMAIL,
            value=f"{new_key()}@example.org",
            code=code,
            identity_code=code,
            identity_token=fingerprint(TOKEN),
            identity_until=now + timedelta(minutes=5),
            created_at=now,
            expires_at=now + timedelta(minutes=15),
        )

    def card(self, number: str = "4242424242424242", **changes: Any) -> PaymentMethodView:
        """A kept card: captured as a browser does it, then created."""
        return view_of(PaymentMethodView, self.call("create_payment_method", **{**self.captured(number), **changes}))

    def captured(self, number: str = "4242424242424242") -> dict[str, Any]:
        """A capture and the token that the vault's fields answered with."""
        capture = view_of(CaptureView, self.call("open_card_capture"))
        return {"capture_id": str(capture.capture_id), "vault_token": type_card(capture.script_url, number)}

    def document(self, **changes: Any) -> IdentityDocumentView:
        """A passport of a new passenger, unless `passenger_id` names one."""
        arguments = {
            "passenger_id": changes.pop("passenger_id", None) or str(self.passenger().passenger_id),
            **PASSPORT,
        }
        return view_of(IdentityDocumentView, self.call("create_identity_document", **{**arguments, **changes}))

    def webhook_endpoint(self) -> NewEndpointView:
        """A new one; where there are too many already, the oldest makes room."""
        self.make_room()
        return view_of(NewEndpointView, self.call("create_webhook_endpoint", **WEBHOOK))

    def make_room(self) -> None:
        endpoints = view_of(EndpointList, self.call("list_webhook_endpoints")).data
        if len(endpoints) == MOST_ENDPOINTS:
            self.call("delete_webhook_endpoint", endpoint_id=str(endpoints[0].endpoint_id))

    def webhook_delivery(self) -> dict[str, Any]:
        """Of a test event, to a new endpoint."""
        endpoint_id = str(self.webhook_endpoint().endpoint_id)
        delivery = view_of(DeliveryView, self.call("ping_webhook_endpoint", endpoint_id=endpoint_id))
        return {"endpoint_id": endpoint_id, "delivery_id": str(delivery.delivery_id)}

    def map(self, offer: OfferView, slot: int, person: PassengerView) -> Answer:
        return self.call(
            "update_passenger",
            provider="sandbox",
            offer_id=str(offer.offer_id),
            slot_id=str(offer.passengers[slot].slot_id),
            passenger_id=str(person.passenger_id),
        )

    def mapped_offer(self, *party: str, family_name: str = "Andersson", **flight: Any) -> OfferView:
        """An offer that may be booked: every slot has its passenger."""
        offer = self.offer(*party, **flight)
        for index, slot in enumerate(offer.passengers):
            self.map(offer, index, self.passenger(slot.type, family_name=family_name))
        return offer

    def book(self, offer: OfferView, *, key: str | None = None, by: Caller | None = None, **changes: Any) -> Answer:
        return self.call("create_booking", key=key, by=by, **booking_of(offer, **changes))

    def booking(self) -> BookingView:
        return view_of(BookingView, self.book(self.mapped_offer()))

    def approval_id(self) -> str:
        """Of a booking that scout wants to make, and has to ask for."""
        assert self.caller.user_id is not None
        traveler = User.objects.get(pk=self.caller.user_id)
        scout = by_agent(traveler, factories.application("scout"))
        with pytest.raises(ApprovalRequired) as refusal:
            dispatch(the("create_booking"), scout, booking_of(self.mapped_offer()), new_key())
        return str(refusal.value.facts["approval_id"])

    def hold(self, **changes: Any) -> BookingView:
        return view_of(BookingView, self.book(self.mapped_offer(holdable=True, **changes), mode="hold"))

    def quote(self, booking: BookingView | None = None) -> CancellationQuoteView:
        """Of a new booking, unless one is given."""
        booking_id = str((booking or self.booking()).booking_id)
        return view_of(CancellationQuoteView, self.call("quote_cancellation", booking_id=booking_id))

    def schedule_change(self, *, family_name: str = "SCHEDULE") -> dict[str, Any]:
        """A change that the airline announced some time after the booking, and that a worker has found."""
        booking_id = view_of(BookingView, self.book(self.mapped_offer(family_name=family_name))).booking_id
        SandboxOrder.objects.filter(client_reference=str(booking_id)).update(confirmed_at=clock.now() - AFTERTHOUGHT)
        Booking.objects.filter(pk=booking_id).update(watch_at=clock.now())
        watching.look(booking_id, clock=clock.now)
        change = ScheduleChange.objects.get(booking_id=booking_id)
        return {"booking_id": str(booking_id), "change_id": str(change.pk)}


def booking_of(offer: OfferView, **changes: Any) -> dict[str, Any]:
    """The arguments of create_booking."""
    total = {"amount": offer.total.amount, "currency": offer.total.currency}
    return {"provider": offer.provider, "offer_id": str(offer.offer_id), "expected_total": total, **changes}


def confirmation_of(booking: BookingView, **changes: Any) -> dict[str, Any]:
    """The arguments of confirm_hold."""
    return {"booking_id": str(booking.booking_id), "expected_total": booking.total.model_dump(), **changes}


def cancellation_of(quote: CancellationQuoteView) -> dict[str, Any]:
    """The arguments of cancel_booking."""
    return {"booking_id": str(quote.booking_id), "quote_id": str(quote.quote_id)}


def view_of(model: type[ViewT], answer: Answer) -> ViewT:
    assert isinstance(answer.view, model)
    return answer.view
