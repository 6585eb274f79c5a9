"""How a discrepancy ends: by one person's word as long as no more is at stake than the limit of the rules in force;
over it, and of whatever amount across currencies, a second person signs first, and until then it stays as it is. That
is so whichever way it ends and through whichever door: a partner's key is no person, and ends nothing that takes two.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from bookings.reconciliation.models import Discrepancy
from bookings.reconciliation.resolution import adjusting, linking, services, trail
from bookings.reconciliation.resolution.limits import limit
from bookings.reconciliation.resolution.models import Countersignature
from bookings.reconciliation.resolution.refusals import (
    AskedAlready,
    ChangedSinceAsked,
    DiscrepancyChanged,
    NotForPartners,
)
from bookings.reconciliation.resolution.schemas import By
from bookings.reconciliation.states import Class
from movmo.kit.money import Money

What = Countersignature.What
Ended = Discrepancy | Countersignature
"""The discrepancy as it is then, or what was asked of a second person."""

DEEDS: dict[str, Callable[..., Discrepancy]] = {
    What.CLOSE: services.closed,
    What.ACCEPT_THEIRS: services.accepted,
    What.WRITE_OFF: services.written_off,
    What.LINK: linking.linked,
}
"""In the transaction that is open: of the one person, or of the second."""


def close(discrepancy_id: UUID, *, reason: str, by: By, now: datetime, seen: int | None = None) -> Ended:
    """Nothing has to be done, or it was done elsewhere. A task that stands beside it is done with it."""
    return _end(What.CLOSE, discrepancy_id, reason=reason, by=by, now=now, seen=seen)


def accept_theirs(discrepancy_id: UUID, *, reason: str, by: By, now: datetime, seen: int | None = None) -> Ended:
    """An adjustment takes the provider's value over; the booking and its documents stay as they were."""
    return _end(What.ACCEPT_THEIRS, discrepancy_id, reason=reason, by=by, now=now, seen=seen)


def write_off(discrepancy_id: UUID, *, reason: str, by: By, now: datetime, seen: int | None = None) -> Ended:
    """Of whatever amount no partner's to say. Raises NotForPartners."""
    if by.user_id is None:
        raise NotForPartners(action=What.WRITE_OFF.value)
    return _end(What.WRITE_OFF, discrepancy_id, reason=reason, by=by, now=now, seen=seen)


def link(discrepancy_id: UUID, *, document: str, reason: str, by: By, now: datetime, seen: int | None = None) -> Ended:
    """`document` is the id of one of ours, or its number. Until the next run it is the person's word alone that the two
    agree, so the link is worth what the line is. Raises LinkImpossible.
    """
    found = linking.document_of(services.get(discrepancy_id), document.strip())
    return _end(What.LINK, discrepancy_id, reason=reason, by=by, now=now, seen=seen, document=str(found.pk))


def _end(
    what: What, discrepancy_id: UUID, *, reason: str, by: By, now: datetime, seen: int | None, **terms: Any
) -> Ended:
    """`seen` is the version that they looked at; None: whichever it is. Raises DiscrepancyStateInvalid, PeriodLocked,
    DiscrepancyChanged, AskedAlready or NotForPartners.
    """
    with transaction.atomic():
        discrepancy = services.held(discrepancy_id)
        services.check_may_be_closed(discrepancy)
        if seen not in (None, discrepancy.version):
            raise DiscrepancyChanged
        stake = at_stake(what, discrepancy)
        if stake.minor <= limit(stake.currency) and not crosses_currencies(discrepancy):
            return DEEDS[what](discrepancy, reason=reason, by=by, now=now, **terms)
        if by.user_id is None:
            raise NotForPartners(action=what.value)
        return _asked(what, discrepancy, stake, terms, reason=reason, by=by, now=now)


def at_stake(what: str, discrepancy: Discrepancy) -> Money:
    """What is at risk, or what would be booked if that is more: of lines that stand together one has all the risk."""
    booked = adjusting.difference(discrepancy) if what == What.ACCEPT_THEIRS else None
    return Money(max(abs(discrepancy.at_risk_minor), abs(booked or 0)), discrepancy.currency)


def crosses_currencies(discrepancy: Discrepancy) -> bool:
    """What is at risk is theirs alone then: 5000 JPY may stand for 5000.00 EUR of ours, and no limit says how much."""
    named = {discrepancy.ours_currency, discrepancy.theirs_currency} - {""}
    return discrepancy.category == Class.CURRENCY_MISMATCH or (bool(discrepancy.ours_minor) and len(named) > 1)


def _asked(
    what: What, discrepancy: Discrepancy, stake: Money, terms: dict[str, Any], *, reason: str, by: By, now: datetime
) -> Countersignature:
    assert by.user_id is not None, "only a person asks"
    try:
        with transaction.atomic():
            asked = Countersignature.objects.create(
                what=what,
                discrepancy=discrepancy,
                amount_minor=stake.minor,
                currency=stake.currency,
                version=discrepancy.version,
                terms=terms,
                reason=reason[:200],
                asked_by=by.user_id,
                asked_at=now,
            )
    except IntegrityError:
        raise AskedAlready(what="The end of this discrepancy") from None
    trail.note(discrepancy, f"Asked to {what.label}, {stake}: {reason}", by=by, now=now)
    trail.audited(f"ask_to_{what}", by=by, resource_id=discrepancy.pk, countersignature_id=str(asked.pk))
    return asked


def carry_out(asked: Countersignature, discrepancy: Discrepancy, *, by: By, now: datetime) -> Discrepancy:
    """In the transaction of the second person's word, who has signed for it as it was when it was asked for and not for
    what people or a run have made of it since. Raises ChangedSinceAsked.
    """
    services.check_may_be_closed(discrepancy)
    if (asked.version, asked.amount) != (discrepancy.version, at_stake(asked.what, discrepancy)):
        raise ChangedSinceAsked(what="discrepancy")
    return DEEDS[asked.what](discrepancy, reason=f"Signed: {asked.reason}", by=by, now=now, **asked.terms)
