"""An agent that asks its person, and the person at a browser."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from bookings.passenger.models import Passenger
from movmo.accounts.models import User
from movmo.operations.approval.models import Approval
from movmo.operations.approval.proposal import Proposal
from movmo.operations.approval.refusals import ApprovalRequired
from movmo.operations.dispatch import Answer, dispatch
from partners.oauth import connections
from partners.oauth.models import Application
from tests.accounts.person import sign_in
from tests.contract.world import World, booking_of, by_agent, new_key, the

APPS = "/accounts/apps/"


@dataclass
class Asking:
    """scout, let in by ana, wants to book what the world has for her."""

    world: World
    ana: User
    scout: Application
    last: Any = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.lets_in()

    def lets_in(self) -> None:
        with transaction.atomic():
            connections.connect(user=self.ana, application=self.scout, scopes=["bookings:write"])

    def asks(self, *party: str, **changes: Any) -> Approval:
        """A question that waits; `again` repeats its call."""
        return self.asks_for("create_booking", **booking_of(self.world.mapped_offer(*party), **changes))

    def asks_for(self, operation: str, **arguments: Any) -> Approval:
        caller = by_agent(self.ana, self.scout)
        self.last = partial(dispatch, the(operation), caller, arguments, new_key())
        with pytest.raises(ApprovalRequired) as refusal:
            self.last()
        return Approval.objects.get(pk=UUID(str(refusal.value.facts["approval_id"])))

    def books(self, passenger_ids: list[str]) -> Answer:
        """For people who are saved already. Raises ApprovalRequired."""
        offer = self.world.offer(*("ADT" for _ in passenger_ids))
        for index, passenger_id in enumerate(passenger_ids):
            slot = {"offer_id": str(offer.offer_id), "slot_id": str(offer.passengers[index].slot_id)}
            self.world.call("update_passenger", provider="sandbox", passenger_id=passenger_id, **slot)
        return dispatch(the("create_booking"), by_agent(self.ana, self.scout), booking_of(offer), new_key())

    def renames(self, passenger_id: str, **changes: str) -> None:
        """scout writes a saved passenger anew, which asks nobody."""
        saved = Passenger.objects.get(pk=passenger_id)
        person = {name: str(getattr(saved, name)) for name in ("given_name", "family_name", "birth_date", "gender")}
        nothing: dict[str, Any] = {"nationality": None, "email": None, "phone_number": None, "loyalty_programmes": []}
        arguments = {"passenger_id": passenger_id, **nothing, **person, **changes}
        dispatch(the("update_passenger_profile"), by_agent(self.ana, self.scout), arguments, new_key())

    def again(self) -> Answer:
        answer: Answer = self.last()
        return answer


def page_of(approval: Approval) -> str:
    return reverse("approvals:approval", args=[approval.pk])


def at_the_page(email: str = "ana@example.com") -> Client:
    """A browser of somebody who has signed in with a code a moment ago."""
    return sign_in(email)


def press(client: Client, approval: Approval, action: str, **typed: Any) -> Any:
    return client.post(page_of(approval), {"action": action, **typed})


def people_of(approval: Approval) -> list[str]:
    return [str(one.passenger_id) for one in Proposal.model_validate_json(approval.proposal).people]


def allowance(approval: Approval, **changes: Any) -> dict[str, Any]:
    """What a person types, by its names on the page."""
    people = people_of(approval)
    return {"per_booking": "2000", "per_month": "4000", "people": people, "until": "2027-03-31", **changes}
