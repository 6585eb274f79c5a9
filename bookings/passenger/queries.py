"""Reads of saved passengers. Another traveler's, or a deleted one, is not found."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from bookings.passenger import names
from bookings.passenger.ages import type_on
from bookings.passenger.identity_document import queries as documents
from bookings.passenger.identity_document.schemas import IdentityDocumentSummary
from bookings.passenger.models import Passenger
from bookings.passenger.schemas import Gender, GetPassenger, ListPassengers, PassengerList, PassengerView
from movmo.kit import cursor
from movmo.kit.errors import NotFound
from movmo.kit.text import one_line
from movmo.operations.approval.proposal import Person
from movmo.operations.context import Context

LONGEST_SHOWN = 100


def saved(*, user_id: UUID, passenger_id: UUID) -> Passenger:
    """Raises NotFound."""
    passenger = Passenger.objects.filter(pk=passenger_id, user_id=user_id, deleted_at=None).first()
    if passenger is None:
        raise NotFound("passenger")
    return passenger


def page(ctx: Context, request: ListPassengers) -> PassengerList:
    """The traveler's passengers, oldest first."""
    rows = Passenger.objects.filter(user_id=ctx.traveler_id, deleted_at=None).order_by("id")
    if request.cursor:
        rows = rows.filter(id__gt=cursor.decode_id(request.cursor))
    found = list(rows[: request.limit + 1])
    shown, next_cursor = cursor.page(found, request.limit, lambda passenger: [str(passenger.id)])
    day = request.departure_date or ctx.now.date()
    return PassengerList(data=_views(shown, on=day), next_cursor=next_cursor)


def read(ctx: Context, request: GetPassenger) -> PassengerView:
    """Raises NotFound."""
    passenger = saved(user_id=ctx.traveler_id, passenger_id=request.passenger_id)
    return view(passenger, on=request.departure_date or ctx.now.date())


def _views(people: Sequence[Passenger], *, on: date) -> list[PassengerView]:
    kept = documents.summaries(passenger.id for passenger in people)
    return [_view(passenger, kept[passenger.id], on=on) for passenger in people]


def view(passenger: Passenger, *, on: date) -> PassengerView:
    """`on` is the day whose traveler type is told."""
    return _views([passenger], on=on)[0]


def _view(passenger: Passenger, kept: list[IdentityDocumentSummary], *, on: date) -> PassengerView:
    return PassengerView(
        passenger_id=passenger.id,
        given_name=passenger.given_name,
        family_name=passenger.family_name,
        name_as_ticketed=ticket_name(passenger),
        birth_date=passenger.birth_date,
        gender=Gender(passenger.gender),
        traveler_type=type_on(passenger.birth_date, on),
        email=passenger.email or None,
        nationality=passenger.nationality or None,
        phone_number=passenger.phone_number or None,
        loyalty_programmes=passenger.loyalty_programmes or [],
        identity_documents=kept,
    )


def still_are(user_id: UUID, people: list[Person]) -> bool:
    """Whether none of them was deleted, or has another name or date of birth by now. Their rows are held."""
    rows = Passenger.objects.filter(pk__in=[one.passenger_id for one in people], user_id=user_id, deleted_at=None)
    now = {one.pk: (shown(ticket_name(one)), one.birth_date) for one in rows.order_by("pk").select_for_update()}
    return all(now.get(one.passenger_id) == (one.name, one.birth_date) for one in people)


def as_asked(passenger: Passenger) -> Person:
    """Somebody saved, where their person is asked something."""
    return Person(passenger_id=passenger.pk, name=shown(ticket_name(passenger)), birth_date=passenger.birth_date)


def shown(name: str) -> str:
    """A ticket's name where its person is asked something."""
    return one_line(name, longest=LONGEST_SHOWN)


def ticket_name(passenger: Passenger) -> str:
    """FAMILY/GIVEN. Saved names have been checked, so this does not fail."""
    family = names.as_ticketed(passenger.family_name, field="family_name")
    return f"{family}/{names.as_ticketed(passenger.given_name, field='given_name')}"
