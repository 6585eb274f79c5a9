"""What approvals and mandates tell of a person, and how they are forgotten: see movmo.accounts.privacy."""

from datetime import datetime
from typing import Any

import orjson

from movmo.accounts.models import User
from movmo.accounts.privacy.services import Records
from movmo.kit import clock
from movmo.kit.money import Money
from movmo.operations.approval.models import Approval, Mandate
from movmo.operations.approval.states import state_of


def tell(user: User) -> dict[str, Any]:
    now = clock.now()
    asked = Approval.objects.filter(user_id=user.pk).order_by("id")
    allowed = Mandate.objects.filter(user_id=user.pk).order_by("granted_at", "id")
    return {
        "asked": [
            {
                "client_id": one.client_id,
                "operation": one.operation,
                "shown": orjson.loads(one.proposal),
                "state": str(state_of(one, now=now)),
                "requested_at": one.requested_at,
                "decided_at": one.decided_at,
                "decided_with": one.decided_with,
            }
            for one in asked
        ],
        "allowed_in_advance": [
            {
                "client_id": one.client_id,
                "per_booking": str(Money(one.per_booking_minor, one.currency)),
                "per_month": str(Money(one.per_month_minor, one.currency)),
                "passenger_ids": one.passenger_ids,
                "granted_at": one.granted_at,
                "valid_until": one.valid_until,
                "revoked_at": one.revoked_at,
            }
            for one in allowed
        ],
    }


def erase(user: User, now: datetime) -> None:
    """Uses point at their mandates, so they go first; from the end of the mandates on there are no more of them. That
    calls were made stays in the audit trail."""
    list(Approval.objects.select_for_update().filter(user_id=user.pk).values_list("pk"))
    Mandate.objects.filter(user_id=user.pk).update(revoked_at=now)
    Approval.objects.filter(user_id=user.pk).delete()
    Mandate.objects.filter(user_id=user.pk).delete()


RECORDS = Records("approvals", tell=tell, erase=erase)
