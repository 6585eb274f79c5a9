"""What a traveler allows one agent in advance: so much a booking, so much a month, for these people, until then.

Only what is bought counts. Uses are approvals of their own; the mandate's row is locked while one is written down, so
that parallel calls together stay within the month's amount.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Sum

from movmo.kit import clock
from movmo.kit.money import Money
from movmo.operations import audit
from movmo.operations.approval.models import Approval, Mandate
from movmo.operations.approval.proposal import Proposal
from movmo.operations.context import Caller, Context, Door

WITH_MANDATE = "mandate"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a person filled in. Both amounts are of one currency; `per_month` is at least `per_booking`."""

    per_booking: Money
    per_month: Money
    passenger_ids: frozenset[UUID]
    valid_until: datetime


def revoke(mandate_id: UUID, *, user_id: UUID, now: datetime, by: Caller | None = None) -> bool:
    """From the commit on no call is covered. False: there was nothing to end. `by` is whose call ended it; None: the
    person themselves, on their pages."""
    who = {"door": by.door, "client_id": by.client_id} if by else {"door": Door.PAGES}
    with transaction.atomic():
        is_ended = bool(Mandate.objects.filter(pk=mandate_id, user_id=user_id, revoked_at=None).update(revoked_at=now))
        if is_ended:
            audit.note("revoke_mandate", **who, code=audit.DONE, user_id=user_id, resource_id=mandate_id)
    return is_ended


def revoke_all(*, user_id: UUID, client_id: str, now: datetime, currency: str = "") -> None:
    mine = Mandate.objects.filter(user_id=user_id, client_id=client_id, revoked_at=None).order_by("pk")
    for mandate_id in (mine.filter(currency=currency) if currency else mine).values_list("pk", flat=True):
        revoke(mandate_id, user_id=user_id, now=now)


def revoke_all_for(passenger_id: UUID, *, by: Caller, user_id: UUID, now: datetime) -> None:
    """A saved passenger is somebody else by now: nobody has allowed anything for whoever that is."""
    for mandate in live(user_id=user_id, now=now):
        if str(passenger_id) in mandate.passenger_ids:
            revoke(mandate.pk, user_id=user_id, now=now, by=by)


def held(*, user_id: UUID, client_id: str, currency: str, now: datetime) -> Mandate | None:
    """The one in force, locked until the transaction ends."""
    mine = live(user_id=user_id, now=now).filter(client_id=client_id, currency=currency)
    return mine.select_for_update().first()


def live(*, user_id: UUID, now: datetime) -> QuerySet[Mandate]:
    """Those in force, the newest first."""
    return Mandate.objects.filter(user_id=user_id, revoked_at=None, valid_until__gt=now).order_by("-granted_at", "-pk")


def spent(mandate: Mandate, *, now: datetime) -> Money:
    """Of the month that `now` is in, also under mandates that this one replaced: a new one is no fresh month."""
    month = clock.month(now)
    uses = Approval.objects.filter(
        mandate__user_id=mandate.user_id,
        mandate__client_id=mandate.client_id,
        currency=mandate.currency,
        released_at=None,
        used_at__gte=month.starts_at,
        used_at__lt=month.ends_at,
    )
    return Money(uses.aggregate(minor=Sum("amount_minor"))["minor"] or 0, mandate.currency)


def covering(ctx: Context, proposal: Proposal) -> Mandate | None:
    """The mandate that allows it, locked until the transaction ends; None where the person has to be asked."""
    price, people = proposal.price, {str(one.passenger_id) for one in proposal.people}
    if price is None or not people or ctx.caller.client_id is None:
        return None
    mine = live(user_id=ctx.traveler_id, now=ctx.now).filter(
        client_id=ctx.caller.client_id, currency=price.currency, per_booking_minor__gte=price.minor
    )
    for mandate in mine.select_for_update():
        charged = price.minor if price.is_charged else 0
        within = spent(mandate, now=ctx.now).minor + charged <= mandate.per_month_minor
        if within and people <= set(mandate.passenger_ids):
            return mandate
    return None


def release(resource_id: UUID, *, now: datetime) -> None:
    """Nothing was bought by the call that made the resource: its amount is free again."""
    Approval.objects.filter(resource_id=resource_id, released_at=None).update(released_at=now)


def count_again(*resource_ids: UUID) -> None:
    """By one of the calls that made them something was bought after all: by the last, as far as anybody knows."""
    spent = Approval.objects.filter(resource_id__in=resource_ids, amount_minor__gt=0).exclude(released_at=None)
    Approval.objects.filter(pk__in=list(spent.order_by("-id").values_list("pk", flat=True)[:1])).update(
        released_at=None
    )
