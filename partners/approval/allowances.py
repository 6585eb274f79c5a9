"""Mandates as their traveler sees them: how much, for whom, until when, and what is used up of this month."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from movmo.kit.money import Money
from movmo.operations.approval import mandates
from movmo.operations.approval.models import Approval, Mandate
from movmo.operations.approval.proposal import Person, Proposal

LOOKED_THROUGH = 50  # questions, to find a name in


@dataclass(frozen=True, slots=True)
class Allowance:
    """`until` is its last day, UTC."""

    id: UUID
    per_booking: Money
    per_month: Money
    spent: Money
    people: list[str]
    until: date


def by_client(user_id: UUID, *, now: datetime) -> dict[str, list[Allowance]]:
    """Those in force, by the client's id."""
    found: dict[str, list[Allowance]] = defaultdict(list)
    for mandate in mandates.live(user_id=user_id, now=now):
        found[mandate.client_id].append(described(mandate, now=now))
    return found


def current(user_id: UUID, client_id: str, currency: str, *, now: datetime) -> Mandate | None:
    """The one that a new one would replace."""
    return mandates.live(user_id=user_id, now=now).filter(client_id=client_id, currency=currency).first()


def people_of(mandate: Mandate) -> list[Person]:
    """By the names under which the client last asked for them. One that is not found any more has none."""
    wanted = set(mandate.passenger_ids)
    asked = Approval.objects.of_client(mandate.user_id, mandate.client_id).order_by("-id")
    known: dict[str, Person] = {}
    for approval in asked[:LOOKED_THROUGH]:
        for person in Proposal.model_validate_json(approval.proposal).people:
            known.setdefault(str(person.passenger_id), person)
        if wanted <= known.keys():
            break
    return [known.get(one) or Person(passenger_id=UUID(one), name="") for one in mandate.passenger_ids]


def last_day(valid_until: datetime) -> date:
    """A mandate ends with a day: at the first instant of the next."""
    return (valid_until - timedelta(microseconds=1)).date()


def described(mandate: Mandate, *, now: datetime) -> Allowance:
    return Allowance(
        id=mandate.pk,
        per_booking=Money(mandate.per_booking_minor, mandate.currency),
        per_month=Money(mandate.per_month_minor, mandate.currency),
        spent=mandates.spent(mandate, now=now),
        people=_named(people_of(mandate)),
        until=last_day(mandate.valid_until),
    )


def _named(people: Iterable[Person]) -> list[str]:
    return [one.name or "a passenger whose name is not kept any more" for one in people]
