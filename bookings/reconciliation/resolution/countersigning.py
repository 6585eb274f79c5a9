"""The second person's word: it carries out what the first asked for, or declines it. Both are in the trail.

Who asked is refused three times over: here, by the row's condition, and by the table's constraint. Who signs needs the
right to, which is told by what is asked for.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from bookings.reconciliation.lock import services as locking
from bookings.reconciliation.resolution import ending, ruling, services, trail
from bookings.reconciliation.resolution.models import Countersignature
from bookings.reconciliation.resolution.refusals import NothingToSign, SamePerson, SigningReserved
from bookings.reconciliation.resolution.schemas import By
from movmo.accounts.models import User
from movmo.kit.errors import NotFound
from movmo.operations import rights

State, What = Countersignature.State, Countersignature.What
RIGHTS: dict[str, str] = {What.UNLOCK: rights.LOCK_PERIOD, What.LIMIT: rights.RAISE_WRITE_OFF}
"""Of all else it is the one to approve how a discrepancy ends: what is let pass ends them, too."""


def right_for(asked: Countersignature) -> str:
    return RIGHTS.get(asked.what, rights.APPROVE_WRITE_OFF)


def sign(countersignature_id: UUID, *, reason: str, by: By, now: datetime) -> Countersignature:
    """Raises SamePerson, SigningReserved, NothingToSign, ChangedSinceAsked, DiscrepancyStateInvalid,
    DiscrepancyChanged, LinkImpossible or PeriodLocked.
    """
    with transaction.atomic():
        asked = _asked(countersignature_id)
        # The discrepancy's statement first, as whoever asks does: else the two might wait for one another.
        discrepancy = services.held(asked.discrepancy_id) if asked.discrepancy_id else None
        _decide(asked, State.SIGNED, reason=reason, by=by, now=now)
        if discrepancy is not None:
            ending.carry_out(asked, discrepancy, by=by, now=now)
        elif asked.lock is not None:
            locking.end(asked.lock, by=by, now=now)
        else:
            ruling.take_effect(asked, by=by, now=now)
    return asked


def decline(countersignature_id: UUID, *, reason: str, by: By, now: datetime) -> Countersignature:
    """Raises SamePerson, SigningReserved or NothingToSign. Everything stays as it was."""
    with transaction.atomic():
        asked = _asked(countersignature_id)
        _decide(asked, State.DECLINED, reason=reason, by=by, now=now)
        if asked.discrepancy_id is not None:
            told = f"Declined to {asked.get_what_display()}: {reason}"
            trail.note(services.get(asked.discrepancy_id), told, by=by, now=now)
    return asked


def _asked(id_: UUID) -> Countersignature:
    asked = Countersignature.objects.select_related("lock").filter(pk=id_).first()
    if asked is None:
        raise NotFound("countersignature")
    return asked


def _decide(asked: Countersignature, after: Countersignature.State, *, reason: str, by: By, now: datetime) -> None:
    if by.user_id is None or asked.asked_by == by.user_id:
        raise SamePerson
    clerk = User.objects.filter(pk=by.user_id).first()
    if clerk is None or not clerk.has_perm(right_for(asked)):
        raise SigningReserved
    waiting = Countersignature.objects.filter(pk=asked.pk, state=State.ASKED).exclude(asked_by=by.user_id)
    decided = {"decided_by": by.user_id, "decided_at": now, "decision_reason": reason[:200]}
    is_mine = waiting.update(state=after, **decided)
    asked.refresh_from_db(fields=["state", *decided])
    if not is_mine:
        raise NothingToSign(state=State(asked.state).label.lower())
    subject = asked.discrepancy_id or asked.lock_id or asked.pk
    asked_for = {"asked_by": str(asked.asked_by), "countersignature_id": str(asked.pk)}
    trail.audited(f"{asked.what}_{after}", by=by, resource_id=subject, **asked_for)
