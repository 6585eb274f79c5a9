"""The choice of seats and extras of an offer, before it is booked.

DomainError
├── SeatNotAvailable      no such seat, taken, or not sold to this passenger
├── SeatInOtherCabin      the passenger's fare is for another cabin
├── SeatChosenTwice       one seat for two, or two seats for one on a flight
├── SeatForLapInfant      who travels on a lap has no seat
├── ServiceStale          the service is not of the offer's newest reading
├── ServiceQuantity       more than the provider sells
└── ServiceCurrency       sold in another currency than the offer
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from bookings.catalogue import modes
from bookings.offer import ancillaries, asking, services
from bookings.offer import queries as offers
from bookings.offer.ancillaries import ChosenService
from bookings.offer.models import Offer, OfferSlot
from bookings.offer.schemas import OfferStatus, OfferView
from bookings.providers.seating import SeatMap
from bookings.providers.types import NormalisedOffer, PassengerType, Service
from bookings.seat_map.schemas import SeatChoice, SelectServices, ServiceChoice
from movmo.kit.errors import DomainError, InvalidArguments, Kind, NotFound
from movmo.operations.context import Context

UNCHANGED = "The choice was left as it was. "


class SeatNotAvailable(DomainError):
    kind = Kind.CONFLICT
    code = "seat_not_available"
    message = "Seat {designator} on flight {segment} is not to be had for this passenger."
    hint = UNCHANGED + "Read get_seat_map again and choose another seat."


class SeatInOtherCabin(DomainError):
    kind = Kind.RULE
    code = "seat_in_other_cabin"
    message = "Seat {designator} on flight {segment} is in {cabin_class}; this passenger's fare is for {fare}."
    hint = UNCHANGED + "Choose a seat of the fare's cabin, or book an offer of the other one."


class SeatChosenTwice(DomainError):
    kind = Kind.RULE
    code = "seat_chosen_twice"
    message = "On flight {segment} seat {designator} is for two passengers, or its passenger has two seats."
    hint = UNCHANGED + "Name each seat and each passenger once for a flight."


class SeatForLapInfant(DomainError):
    kind = Kind.RULE
    code = "seat_for_lap_infant"
    message = "An infant on an adult's lap has no seat of its own."
    hint = UNCHANGED + "Choose a seat for the adult, whom `associated_adult` names."


class ServiceStale(DomainError):
    kind = Kind.CONFLICT
    code = "service_stale"
    message = "The offer has no service {service_id} any more."
    hint = UNCHANGED + "Read the offer with get_offer_details and choose among its `services`: their ids are new."


class ServiceQuantity(DomainError):
    kind = Kind.RULE
    code = "service_quantity"
    message = "At most {maximum} of this service are sold; these are {quantity}."
    hint = UNCHANGED + "Choose no more than the service's maximum_quantity."


class ServiceCurrency(DomainError):
    kind = Kind.RULE
    code = "service_in_other_currency"
    message = "This service is sold in {currency}, the offer in {offer_currency}: they cannot be booked together."
    hint = UNCHANGED + "Buy it from the airline itself after booking."


@dataclass(frozen=True, slots=True)
class Asked:
    """The offer as it stood, and its seats where some are to be chosen."""

    offer: Offer
    slots: list[OfferSlot]
    seats: SeatMap | None


def ask(ctx: Context, request: SelectServices) -> Asked:
    """Read the seats, if any are named. Raises NotFound, ProviderNotForKey, OfferStale, or as `asking.seat_map`."""
    offer = offers.visible(ctx.caller, provider=request.provider, offer_id=request.offer_id)
    services.check_active(offer, now=ctx.now)
    slots = offers.slots_of(offer)
    seats = None
    if request.seats:
        _check_seats(request.seats, offer.content, slots)
        provider = modes.provider(ctx.caller, offer.provider)
        seats = asking.seat_map(provider, offer, services.raw_of(offer), now=ctx.now)
    return Asked(offer, slots, seats)


def select(ctx: Context, request: SelectServices, asked: Asked) -> OfferView:
    """Put this choice in the place of the one before; an unclaimed offer becomes the traveler's own.

    Raises one of the errors above, NotFound, InvalidArguments or OfferStale, and then changes nothing.
    """
    offer, content = asked.offer, asked.offer.content
    chosen = [_seat(choice, content, asked) for choice in request.seats]
    chosen += _extras(request.services, offer, asked.slots)
    asking.check_sum(offer, content, chosen)
    services.change(offer, by=ctx.traveler_id, user_id=ctx.traveler_id, is_taken=True)
    services.put_services(offer, chosen)
    offer.save(update_fields=services.CHOSEN)
    return offers.view(offer, status=OfferStatus.ACTIVE)


def _check_seats(choices: Sequence[SeatChoice], content: NormalisedOffer, slots: list[OfferSlot]) -> None:
    """What can be said of a choice without knowing the seats."""
    flights = len(content.segments)
    for index, choice in enumerate(choices):
        if choice.segment > flights:
            raise InvalidArguments({f"/seats/{index}/segment": f"This offer has {flights} flight(s)."})
        if _slot(slots, choice.slot_id).type == PassengerType.INFANT:
            raise SeatForLapInfant(slot_id=str(choice.slot_id))
    named: set[tuple[int, str | UUID]] = set()
    for choice in choices:
        for one in (choice.designator, choice.slot_id):
            if (choice.segment, one) in named:
                raise SeatChosenTwice(segment=choice.segment, designator=choice.designator)
            named.add((choice.segment, one))


def _slot(slots: list[OfferSlot], slot_id: UUID) -> OfferSlot:
    """Raises NotFound."""
    found = next((slot for slot in slots if slot.id == slot_id), None)
    if found is None:
        raise NotFound("slot")
    return found


def _seat(choice: SeatChoice, content: NormalisedOffer, asked: Asked) -> ChosenService:
    """Raises SeatInOtherCabin or SeatNotAvailable."""
    assert asked.seats is not None, "seats were named, so they were asked about"
    person = _slot(asked.slots, choice.slot_id).provider_passenger_id
    fare = ancillaries.cabin_of(content, segment=choice.segment, person=person)
    places = ancillaries.seats_on(asked.seats, content, segment=choice.segment).get(choice.designator, [])
    for place in places:
        if fare not in (None, place.cabin_class):
            raise SeatInOtherCabin(
                designator=choice.designator, segment=choice.segment, cabin_class=place.cabin_class, fare=fare
            )
        if (price := place.price_for(person)) is not None:
            return ancillaries.of_seat(place, price, segment=choice.segment, slot_id=choice.slot_id)
    raise SeatNotAvailable(designator=choice.designator, segment=choice.segment)


def _extras(choices: Sequence[ServiceChoice], offer: Offer, slots: list[OfferSlot]) -> list[ChosenService]:
    """Raises ServiceStale, ServiceQuantity, ServiceCurrency, ReadingRefused, NotFound or InvalidArguments."""
    content = offer.content
    offered = {service.provider_service_id: service for service in ancillaries.extras_of(content)}
    chosen: dict[tuple[str, UUID], ChosenService] = {}
    for index, choice in enumerate(choices):
        service = offered.get(choice.service_id)
        if service is None:
            raise ServiceStale(service_id=choice.service_id)
        _check_sale(service, choice, offer)
        slot = _slot_for(service, choice, slots, pointer=f"/services/{index}")
        if (choice.service_id, slot.id) in chosen:
            raise InvalidArguments({f"/services/{index}/service_id": "Named twice for a slot: use `quantity`."})
        chosen[choice.service_id, slot.id] = ancillaries.of_service(
            service, content, quantity=choice.quantity, slot_id=slot.id, person=slot.provider_passenger_id
        )
    return list(chosen.values())


def _check_sale(service: Service, choice: ServiceChoice, offer: Offer) -> None:
    if service.currency != offer.currency:
        raise ServiceCurrency(currency=service.currency, offer_currency=offer.currency)
    if service.total_minor < 0:
        raise asking.ReadingRefused(provider=offer.provider, problem="a service has a negative price")
    if choice.quantity > service.maximum_quantity:
        raise ServiceQuantity(maximum=service.maximum_quantity, quantity=choice.quantity)


def _slot_for(service: Service, choice: ServiceChoice, slots: list[OfferSlot], *, pointer: str) -> OfferSlot:
    """Whom the service is for. Raises NotFound for a slot of another offer, and InvalidArguments."""
    allowed = [slot for slot in slots if slot.provider_passenger_id in service.provider_passenger_ids]
    if choice.slot_id is None and len(allowed) == 1:
        return allowed[0]
    if choice.slot_id is None:
        raise InvalidArguments({f"{pointer}/slot_id": "Say for whom: the service is for several slots."})
    slot = _slot(slots, choice.slot_id)
    if slot not in allowed:
        raise InvalidArguments({f"{pointer}/slot_id": "The service is not for this slot: see its `slot_ids`."})
    return slot
