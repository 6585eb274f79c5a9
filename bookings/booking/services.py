"""Writes of bookings: reserve in the first transaction, then let the saga drive."""

from functools import partial
from typing import Any
from uuid import UUID

from bookings.booking import cards, failures, patience, queries, saga, steps, watching
from bookings.booking.actors import Actor
from bookings.booking.amendment import queries as amendments
from bookings.booking.amendment import saga as amending
from bookings.booking.models import Booking
from bookings.booking.provider_call import calling
from bookings.booking.schemas import BookingView, CreateBooking, Mode
from bookings.booking.states import LIVE, State
from bookings.booking.steps import Clock
from bookings.catalogue import modes
from bookings.offer import party, presentation, requirements
from bookings.offer import queries as offers
from bookings.offer import services as offer_services
from bookings.offer.models import Offer, OfferSlot
from bookings.passenger import queries as passengers
from bookings.passenger.identity_document import queries as documents
from bookings.passenger.models import Passenger
from bookings.payment_method.models import PaymentMethod
from bookings.providers import registry
from bookings.providers.types import Capabilities, NormalisedOffer, PassengerType
from movmo.kit.errors import DomainError, InvalidArguments, Kind, revive
from movmo.kit.money import amount_at
from movmo.operations import nudge
from movmo.operations.context import Context
from movmo.operations.idempotency import IdempotencyInProgress


class PassengerMissing(DomainError):
    kind = Kind.RULE
    code = "passenger_missing"
    message = "{unmapped} slot(s) of the offer have no passenger yet."
    hint = "Map a saved passenger to each slot named in `slots` with update_passenger, then book."

    @classmethod
    def on(cls, slots: list[OfferSlot]) -> "PassengerMissing":
        return cls(unmapped=len(slots), slots=[str(slot.id) for slot in slots])


class HoldNotAvailable(DomainError):
    kind = Kind.RULE
    code = "hold_not_available"
    message = "This offer must be paid at once; it cannot be held."
    hint = "Book it with mode `instant`, or search_flights again with holdable_only."


def reserve(ctx: Context, request: CreateBooking) -> None:
    """T1: check the rules, take the offer, and write the booking down. Called inside the claim's transaction."""
    offer = offers.visible(ctx.caller, provider=request.provider, offer_id=request.offer_id)
    offer_services.check_active(offer, now=ctx.now)
    content = offer.content
    _check_total(request, offer)
    _check_mode(request, offer, content)
    if offer.user_id is None:  # nobody has mapped anybody yet
        raise PassengerMissing.on(offers.slots_of(offer))
    offer_services.consume(offer, user_id=ctx.traveler_id)
    slots = offers.slots_of(offer)
    people = _mapped_people(slots)
    _check_party(people, content)
    capabilities = registry.provider(offer.provider).capabilities
    booking = Booking.objects.create(
        id=ctx.resource_id,
        user_id=ctx.traveler_id,
        partner_id=ctx.caller.partner_id,
        client_id=ctx.caller.client_id or "",
        door=ctx.caller.door,
        provider=offer.provider,
        offer=offer,
        mode=request.mode,
        state=State.RESERVED,
        sequence=1,  # the event of `begin`
        payment_method=_card(ctx, request),
        total_minor=offer.total.minor,
        currency=offer.currency,
        passengers=[
            _frozen(slot, person, slots) | _asked_for(person, content, capabilities) for slot, person in people
        ],
        services=offer.services,
        itinerary=[part.model_dump(mode="json") for part in presentation.slice_views(content, slots)],
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    steps.begin(booking, by=Actor.of(ctx.caller), now=ctx.now)


def advance(ctx: Context, booking_id: UUID) -> BookingView:
    """Drive it as far as it goes while the caller waits. Safe to repeat. Raises the failure of a failed booking."""
    booking = steps.reload(booking_id)
    modes.check(ctx.caller, booking.provider)  # a repeated call may come with another key than the first
    with calling.caused_by(ctx.caller.request_id):
        driven = patience.within_budget(partial(saga.resume, booking, clock=ctx.clock))
    booking = driven or steps.reload(booking_id)
    if booking.state == State.FAILED:
        raise revive(booking.failure_code, booking.failure_facts)
    if driven and booking.state == State.SUBMITTING:
        raise IdempotencyInProgress(retry_after=1)
    view = queries.view(booking)
    if view.is_undecided():
        nudge.say("bookings")
    return view


def read(ctx: Context, booking_id: UUID) -> BookingView:
    """The booking as it stands; what was sent and has no outcome is looked up first.

    Sends nothing, save what only waited for its cardholder to answer their bank.
    """
    booking = queries.owned(ctx, booking_id)
    view = queries.view(booking)
    if not view.is_undecided():
        return view
    with calling.caused_by(ctx.caller.request_id):
        look = _driven_on if booking.state == State.REQUIRES_ACTION else look_up
        return queries.view(look(booking, clock=ctx.clock))


def look_up(booking: Booking, *, clock: Clock) -> Booking:
    """Ask the provider how its order stands, unless somebody else is asking or there is nothing to ask. Sends nothing.

    What is asked of the order goes first: only with it in mind can be told what the order's state means.
    """
    amendment = amendments.under_way(booking)
    if amendment is not None:
        return amending.look_up(amendment.pk, clock=clock)
    if booking.state not in LIVE:
        return saga.look_up(booking, clock=clock)
    Booking.objects.filter(pk=booking.pk, state=booking.state).update(watch_at=clock())
    return watching.look(booking.pk, clock=clock)


def _driven_on(booking: Booking, *, clock: Clock) -> Booking:
    amendment = amendments.under_way(booking)
    if amendment is not None:
        return amending.drive(amendment.pk, clock=clock)
    return saga.resume(steps.reload(booking.pk), clock=clock)


def _check_total(request: CreateBooking, offer: Offer) -> None:
    """What the traveler was shown is what they pay."""
    with amount_at("/expected_total/amount"):
        expected = request.expected_total.money()
    if expected != offer.total:
        raise failures.PriceChanged.between(expected, offer.total)


def _check_mode(request: CreateBooking, offer: Offer, content: NormalisedOffer) -> None:
    capabilities = registry.provider(offer.provider).capabilities
    if not capabilities.bookable:
        raise offer_services.NotBookable(provider=offer.provider, what="booking")
    offer_services.check_composition(content, capabilities)
    if request.mode is Mode.HOLD and (content.payment_requirements.requires_instant_payment or not capabilities.holds):
        raise HoldNotAvailable


def _mapped_people(slots: list[OfferSlot]) -> list[tuple[OfferSlot, Passenger]]:
    if missing := [slot for slot in slots if slot.passenger is None or slot.passenger.deleted_at]:
        raise PassengerMissing.on(missing)
    return [(slot, slot.passenger) for slot in slots if slot.passenger is not None]


def _check_party(people: list[tuple[OfferSlot, Passenger]], content: NormalisedOffer) -> None:
    party.check_party(
        (
            party.Traveller(PassengerType(slot.type), person.birth_date, passengers.ticket_name(person))
            for slot, person in people
        ),
        content,
    )


def _card(ctx: Context, request: CreateBooking) -> PaymentMethod | None:
    """Raises what `cards.chosen` raises, or InvalidArguments for a hold."""
    if request.payment_method_id is not None and request.mode is Mode.HOLD:
        raise InvalidArguments({"/payment_method_id": "A hold is paid later, with confirm_hold: leave the card out."})
    return cards.chosen(request.payment_method_id, user_id=ctx.traveler_id, provider=request.provider, now=ctx.now)


def _asked_for(person: Passenger, content: NormalisedOffer, capabilities: Capabilities) -> dict[str, Any]:
    """What the provider asks of each person. Raises as `requirements`."""
    requirements.check_gender(person, capabilities)
    document = requirements.document_for(person, content, provider=capabilities.provider).document
    return {"document": document and documents.as_ordered(document)}


def _frozen(slot: OfferSlot, person: Passenger, slots: list[OfferSlot]) -> dict[str, Any]:
    """The passenger as booked, with the provider's ids beside ours."""
    adult = next((one for one in slots if one.provider_passenger_id == slot.associated_adult), None)
    return {
        "slot_id": str(slot.id),
        "provider_passenger_id": slot.provider_passenger_id,
        "passenger_id": str(person.id),
        "type": slot.type,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "name_as_ticketed": passengers.ticket_name(person),
        "birth_date": person.birth_date.isoformat(),
        "gender": person.gender,
        "nationality": person.nationality or None,
        "loyalty_programmes": person.loyalty_programmes or [],
        "email": person.email or None,
        "phone_number": person.phone_number or None,
        "associated_adult": str(adult.id) if adult else None,
        "associated_provider_adult": slot.associated_adult,
    }
