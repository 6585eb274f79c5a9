"""Looking the order up at the provider: for a booking of ours through its own services, for an order that we do not
know by the provider's word about it.

A missing booking cannot be made from an order. A booking belongs to a traveler who accepted its offer, and its
passengers are frozen with their birth dates; the provider's order names none of these. What can be taken over is an
order that was placed under a booking's own reference: then the booking is there, and its look-up finds the order. For
any other a person has to ask who it was, and a task says so.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from bookings.booking import services as bookings
from bookings.booking import steps
from bookings.booking.amendment import queries as amendments
from bookings.booking.models import Booking
from bookings.booking.provider_call.models import ProviderCall
from bookings.booking.states import OVER, UNPAID
from bookings.booking.steps import Clock
from bookings.providers import registry
from bookings.providers.errors import ProviderFailure
from bookings.providers.types import ProviderOrder
from bookings.reconciliation.models import Discrepancy
from bookings.reconciliation.resolution import services, trail
from bookings.reconciliation.resolution.models import ManualTask
from bookings.reconciliation.resolution.refusals import LookUpUnanswered, NothingToLookUp
from bookings.reconciliation.resolution.schemas import Action, By
from movmo.kit.ids import is_id

NOT_INVENTED = (
    "The provider has order {order} ({status}, {total}), placed under the reference {reference}, which is no booking "
    "of ours. No booking was made: it would need a traveler who accepted an offer, and passengers with birth dates, "
    "and the order names neither. Find out who placed it, then cancel it with the provider or dispute the line."
)


class LookedUp(NamedTuple):
    """What a person is told; `task` where something is left to them."""

    told: str
    task: ManualTask | None = None


def resync(discrepancy_id: UUID, *, by: By, clock: Clock) -> LookedUp:
    """The next run tells whether the two sides agree by now. Raises NothingToLookUp or LookUpUnanswered."""
    discrepancy = services.get(discrepancy_id)
    with trail.intended(f"discrepancy_{Action.RESYNC}", by=by, resource_id=discrepancy.pk):
        if discrepancy.booking_id is not None:
            told = _looked_at(steps.reload(discrepancy.booking_id), clock=clock)
        else:
            told = _of_order(_order(discrepancy, now=clock()))
        _written_down(discrepancy, told, by=by, now=clock())
    return LookedUp(told)


def adopt(discrepancy_id: UUID, *, by: By, clock: Clock) -> LookedUp:
    """Of a line that we never sold. Raises DiscrepancyStateInvalid, NothingToLookUp or LookUpUnanswered."""
    discrepancy = services.get(discrepancy_id)
    with trail.intended(f"discrepancy_{Action.ADOPT}", by=by, resource_id=discrepancy.pk) as outcome:
        looked_up = _adopted(discrepancy, by=by, clock=clock)
        if looked_up.task is not None:
            outcome["task_id"] = str(looked_up.task.pk)
    return looked_up


def _adopted(discrepancy: Discrepancy, *, by: By, clock: Clock) -> LookedUp:
    services.check_stands(discrepancy)
    order = _order(discrepancy, now=clock())
    ours = _booking_of(order, discrepancy)
    if order is None or ours is not None:
        told = _of_order(order) if ours is None else _looked_at(ours, clock=clock)
        _written_down(discrepancy, told, by=by, now=clock(), booking=ours)
        return LookedUp(told)
    told = NOT_INVENTED.format(
        order=order.order_id, status=order.status, total=order.total, reference=order.client_reference or "(none)"
    )
    return LookedUp(told, _left_to_a_person(discrepancy, told, by=by, now=clock()))


def _looked_at(booking: Booking, *, clock: Clock) -> str:
    """Through the same look-up that its traveler and our staff have. The line of the call says what came of it."""
    before, known = booking.state, _newest_call(booking)
    after = bookings.look_up(booking, clock=clock)
    call = _newest_call(booking)
    changed = "as before" if after.state == before else f"and was {before}"
    stands = f"booking {booking.pk} is {after.state}, {changed}"
    if call is None or call == known:
        return f"The provider was not asked: {_why_not(after)}; {stands}."
    if call.outcome != ProviderCall.Outcome.OK:
        if after.state == before:
            raise LookUpUnanswered(provider=booking.provider)
        return f"{booking.provider} did not answer the look-up; {stands}."
    return f"Looked up: {'' if call.response else 'the provider has no such order; '}{stands}."


def _newest_call(booking: Booking) -> ProviderCall | None:
    return ProviderCall.objects.filter(booking=booking).order_by("-id").first()


def _why_not(booking: Booking) -> str:
    if booking.state in OVER:
        return "what is over stays so"
    amendment = amendments.under_way(booking)
    if booking.state in UNPAID or (amendment is not None and amendment.sent_at is None):
        return "it owes no answer at this moment"
    if not booking.order_id and not registry.provider(booking.provider).capabilities.finds_orders:
        return "it finds no order by our reference"
    return "somebody else is asking, or has only just asked; try again in a minute"


def _order(discrepancy: Discrepancy, *, now: datetime) -> ProviderOrder | None:
    """What the provider has by the line's own order id."""
    order_id = discrepancy.line.order_id if discrepancy.line else ""
    if not order_id:
        raise NothingToLookUp
    try:
        return registry.provider(discrepancy.provider).get_order(order_id, now=now)
    except ProviderFailure:
        raise LookUpUnanswered(provider=discrepancy.provider) from None


def _of_order(order: ProviderOrder | None) -> str:
    if order is None:
        return "Looked up: the provider has no such order, though its statement names it. Dispute the line."
    return f"Looked up: the provider has order {order.order_id}, {order.status}, {order.total}."


def _booking_of(order: ProviderOrder | None, discrepancy: Discrepancy) -> Booking | None:
    if order is None or not is_id(order.client_reference):
        return None
    return Booking.objects.filter(pk=order.client_reference, provider=discrepancy.provider).first()


def _written_down(
    discrepancy: Discrepancy, told: str, *, by: By, now: datetime, booking: Booking | None = None
) -> None:
    with transaction.atomic(durable=True):
        if booking is not None:
            # A partner reads what its discrepancies are about: no other partner's booking is named to it.
            theirs = Q(partner=None) | Q(partner_id=booking.partner_id)
            unlinked = Discrepancy.objects.filter(theirs, pk=discrepancy.pk, booking__isnull=True)
            unlinked.update(booking_id=booking.pk, version=F("version") + 1)
        trail.note(discrepancy, told, by=by, now=now)


def _left_to_a_person(discrepancy: Discrepancy, told: str, *, by: By, now: datetime) -> ManualTask:
    with transaction.atomic(durable=True):
        task, _ = ManualTask.objects.get_or_create(
            discrepancy=discrepancy, defaults={"what": told[:500], "made_by": by.user_id, "made_at": now}
        )
        trail.note(discrepancy, told, by=by, now=now)
    return task
