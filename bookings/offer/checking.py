"""Somebody who is being typed in: what saving them and putting them on a slot would refuse, by the same rules, value by
value. Nothing is written, and what is not there yet is no mistake."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError, create_model

from bookings.catalogue import modes
from bookings.offer import party, queries, requirements
from bookings.offer.models import OfferSlot
from bookings.offer.schemas import CheckPassenger, Complaint, PassengerCheck
from bookings.passenger import names
from bookings.passenger.ages import type_on
from bookings.passenger.identity_document.schemas import CreateIdentityDocument, DocumentType
from bookings.passenger.identity_document.services import check_last_day
from bookings.passenger.models import Passenger
from bookings.passenger.schemas import CreatePassenger
from bookings.passenger.services import check_birth_date
from bookings.providers.types import NormalisedOffer, PassengerType
from movmo.kit.errors import DomainError, InvalidArguments, NotFound
from movmo.operations.context import Context, Request

PERSON, DOCUMENT = "/person/", "/document/"
ENDS_SOON = "document_ends_soon"
T = TypeVar("T")


@dataclass(slots=True)
class Found:
    complaints: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)

    def of(self, pointer: str, rule: Callable[[], T]) -> T | None:
        """What the rule answers; None where it refuses."""
        try:
            return rule()
        except DomainError as refusal:
            message = next(iter(refusal.fields.values()), refusal.text)
            complaint = Complaint(pointer=pointer, code=refusal.code, message=message, facts=refusal.facts)
            self.complaints.append(complaint)
            return None

    def read(self, model: type[Request], typed: Request, at: str) -> dict[str, Any]:
        """The values that the model takes, as it reads them."""
        told = {name: value for name, value in typed.model_dump().items() if value}
        values = {name: self.of(at + name, partial(_value, model, name, value)) for name, value in told.items()}
        return {name: value for name, value in values.items() if value is not None}


def check(ctx: Context, request: CheckPassenger) -> PassengerCheck:
    """Raises ProviderNotForKey or NotFound."""
    offer = queries.visible(ctx.caller, provider=request.provider, offer_id=request.offer_id)
    slot = OfferSlot.objects.filter(offer=offer, pk=request.slot_id).first()
    if slot is None:
        raise NotFound("slot")
    content, today, found = offer.content, ctx.now.date(), Found()
    person = found.read(CreatePassenger, request.person, PERSON)
    ticketed = {name: found.of(PERSON + name, partial(_ticketed, person[name], name)) for name in _names_in(person)}
    type_ = _type(person.get("birth_date"), PassengerType(slot.type), content, found, today=today)
    if "gender" in person:
        capabilities = modes.provider(ctx.caller, offer.provider).capabilities
        somebody = Passenger(gender=person["gender"])
        found.of(PERSON + "gender", lambda: requirements.check_gender(somebody, capabilities))
    if content.identity_documents.required:
        document = found.read(CreateIdentityDocument, request.document, DOCUMENT)
        _last_day(document, content, found, today=today)
    return PassengerCheck(
        complaints=found.complaints,
        warnings=found.warnings,
        given_name_as_ticketed=ticketed.get("given_name"),
        family_name_as_ticketed=ticketed.get("family_name"),
        traveler_type=type_,
    )


def _value(model: type[Request], name: str, typed: str) -> Any:
    """Raises InvalidArguments."""
    try:
        return getattr(_alone(model, name).model_validate_json(orjson.dumps({name: typed}), strict=True), name)
    except ValidationError as failure:
        raise InvalidArguments({f"/{name}": failure.errors()[0]["msg"].removeprefix("Value error, ")}) from None


@lru_cache(maxsize=32)
def _alone(model: type[Request], name: str) -> type[Request]:
    """The model with this field only: a form that is half filled says nothing of the others."""
    declared = model.model_fields[name]
    alone: type[Request] = create_model(
        f"{model.__name__}_{name}", __base__=Request, **{name: (declared.annotation, declared)}
    )  # type: ignore[call-overload]
    return alone


def _names_in(person: dict[str, Any]) -> Iterator[str]:
    return (name for name in ("given_name", "family_name") if name in person)


def _ticketed(name: str, called: str) -> str:
    names.check(name, field=called)
    return names.as_ticketed(name, field=called)


def _type(
    birth_date: date | None, wanted: PassengerType, content: NormalisedOffer, found: Found, *, today: date
) -> PassengerType | None:
    if birth_date is None or found.of(PERSON + "birth_date", lambda: _is_born(birth_date, today)) is None:
        return None
    found.of(PERSON + "birth_date", lambda: party.check_age(wanted, birth_date, content))
    return type_on(birth_date, content.segments[0].departing.local.date())


def _is_born(birth_date: date, today: date) -> bool:
    check_birth_date(birth_date, today=today)
    return True


def _last_day(document: dict[str, Any], content: NormalisedOffer, found: Found, *, today: date) -> None:
    type_, expires_on = document.get("type", DocumentType.PASSPORT), document.get("expires_on")
    if expires_on is None:
        return

    def lasts() -> bool:
        check_last_day(type_, expires_on, today=today)
        return requirements.ends_soon(expires_on, content)

    pointer = DOCUMENT + "expires_on"
    if found.of(pointer, lasts):
        text = f"The document ends on {expires_on}, less than six months after the trip: some countries refuse it."
        facts = {"expires_on": expires_on.isoformat()}
        found.warnings.append(Complaint(pointer=pointer, code=ENDS_SOON, message=text, facts=facts))
