"""Offers as doors show them: pure mapping from rows to views."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Literal
from uuid import UUID

from bookings.offer import ancillaries
from bookings.offer.ancillaries import ChosenService
from bookings.offer.models import Offer, OfferSlot
from bookings.offer.schemas import (
    ChosenServiceView,
    ConditionsView,
    ConditionView,
    FareView,
    LegView,
    MomentView,
    MoneyView,
    OfferStatus,
    OfferSummary,
    OfferView,
    PlaceView,
    SegmentView,
    SelectedServiceView,
    ServiceView,
    SliceView,
    SlotView,
    WarningView,
)
from bookings.providers.types import Condition, Moment, NormalisedOffer, Place, Segment, Slice
from movmo.kit.money import Money


def offer_view(
    offer: Offer, slots: list[OfferSlot], *, status: OfferStatus, warnings: Sequence[WarningView] = ()
) -> OfferView:
    content = offer.content
    return OfferView(
        offer_id=offer.id,
        provider=offer.provider,
        provider_offer_id=offer.provider_offer_id,
        status=status,
        expires_at=offer.expires_at,
        expiry_source=_literal(offer.expiry_source),
        owner_carrier=content.owner_carrier,
        validating_carrier=content.validating_carrier,
        base=_money(content.base_minor, content),
        tax=_money(content.tax_minor, content),
        fees=_money(content.fees_minor, content),
        services_total=_money(offer.services_minor, content),
        total=MoneyView.of(offer.total),
        payment_requirements=content.payment_requirements,
        identity_documents=content.identity_documents,
        conditions=ConditionsView(
            refundable=_condition(content.conditions.refundable), changeable=_condition(content.conditions.changeable)
        ),
        passengers=slot_views(slots),
        slices=slice_views(content, slots),
        services=_services(content, slots),
        selected_services=[
            SelectedServiceView(**_chosen(one), service_id=one.provider_service_id) for one in offer.chosen
        ],
        emissions_kg=content.emissions_kg,
        warnings=list(warnings),
    )


def summary(offer: Offer) -> OfferSummary:
    content = offer.content
    return OfferSummary(
        offer_id=offer.id,
        provider=offer.provider,
        total=MoneyView.of(offer.total),
        expires_at=offer.expires_at,
        refundable=_allowed(content.conditions.refundable),
        requires_instant_payment=content.payment_requirements.requires_instant_payment,
        slices=[_leg(part) for part in content.slices],
    )


def slot_views(slots: list[OfferSlot]) -> list[SlotView]:
    ids = {slot.provider_passenger_id: slot.id for slot in slots}
    return [
        SlotView(
            slot_id=slot.id,
            type=_literal(slot.type),
            associated_adult=ids[slot.associated_adult] if slot.associated_adult else None,
            passenger_id=slot.passenger_id,
        )
        for slot in slots
    ]


def slice_views(content: NormalisedOffer, slots: list[OfferSlot]) -> list[SliceView]:
    return views_of(content.slices, {slot.provider_passenger_id: slot.id for slot in slots})


def views_of(slices: Sequence[Slice], ids: Mapping[str, UUID]) -> list[SliceView]:
    """`ids` are those of the slots, by the provider's for its passengers."""
    number = count(1)
    return [
        SliceView(
            origin=_place(part.origin),
            destination=_place(part.destination),
            duration_minutes=part.duration_minutes,
            fare_brand=part.fare_brand,
            segments=[_segment(next(number), segment, ids) for segment in part.segments],
        )
        for part in slices
    ]


def _segment(number: int, segment: Segment, ids: Mapping[str, UUID]) -> SegmentView:
    return SegmentView(
        segment=number,
        marketing_carrier=segment.marketing_carrier,
        marketing_flight_number=segment.marketing_flight_number,
        operating_carrier=segment.operating_carrier,
        operating_flight_number=segment.operating_flight_number,
        aircraft=segment.aircraft,
        origin=_place(segment.origin),
        destination=_place(segment.destination),
        departing=_moment(segment.departing),
        arriving=_moment(segment.arriving),
        duration_minutes=segment.duration_minutes,
        stops=segment.stops,
        passengers=[
            FareView(
                slot_id=ids[fare.provider_passenger_id],
                cabin_class=fare.cabin_class,
                booking_class=fare.booking_class,
                fare_basis=fare.fare_basis,
                baggage=fare.baggage,
            )
            for fare in segment.passengers
            if fare.provider_passenger_id in ids
        ],
    )


def _services(content: NormalisedOffer, slots: list[OfferSlot]) -> list[ServiceView]:
    ids = {slot.provider_passenger_id: slot.id for slot in slots}
    by_id = ancillaries.numbers(content)
    return [
        ServiceView(
            service_id=service.provider_service_id,
            type=service.type,
            baggage_type=service.baggage_type,
            maximum_weight_kg=service.maximum_weight_kg,
            total=MoneyView.of(Money(service.total_minor, service.currency)),
            maximum_quantity=service.maximum_quantity,
            segments=sorted(by_id[one] for one in service.provider_segment_ids if one in by_id),
            slot_ids=[ids[one] for one in service.provider_passenger_ids if one in ids],
        )
        for service in ancillaries.extras_of(content)
    ]


def chosen_services(chosen: Iterable[ChosenService]) -> list[ChosenServiceView]:
    """Seats and extras of an offer or a booking."""
    return [ChosenServiceView(**_chosen(one)) for one in chosen]


def _chosen(one: ChosenService) -> dict[str, Any]:
    return {
        "type": one.type,
        "designator": one.designator,
        "quantity": one.quantity,
        "segments": one.segments,
        "slot_id": one.slot_id,
        "total": MoneyView.of(one.total),
    }


def _leg(part: Slice) -> LegView:
    first, last = part.segments[0], part.segments[-1]
    return LegView(
        origin=part.origin.iata_code,
        destination=part.destination.iata_code,
        departing_at=first.departing.local,
        arriving_at=last.arriving.local,
        duration_minutes=part.duration_minutes,
        connections=len(part.segments) - 1,
        flights=[segment.marketing_carrier + segment.marketing_flight_number for segment in part.segments],
        fare_brand=part.fare_brand,
    )


def _place(place: Place) -> PlaceView:
    return PlaceView(iata_code=place.iata_code, name=place.name, city_name=place.city_name, terminal=place.terminal)


def _moment(moment: Moment) -> MomentView:
    return MomentView(local=moment.local, zone=moment.zone, utc=moment.utc)


def _money(minor: int, content: NormalisedOffer) -> MoneyView:
    return MoneyView.of(Money(minor, content.currency))


def _condition(condition: Condition) -> ConditionView:
    penalty = None
    if condition.penalty_minor is not None and condition.penalty_currency is not None:
        penalty = MoneyView.of(Money(condition.penalty_minor, condition.penalty_currency))
    return ConditionView(allowed=_allowed(condition), penalty=penalty)


def _allowed(condition: Condition) -> Literal["true", "false", "unknown"]:
    if condition.allowed is None:
        return "unknown"
    return "true" if condition.allowed else "false"


def _literal(value: str) -> Any:
    """A stored choice as the literal its view declares; pydantic checks it."""
    return value
