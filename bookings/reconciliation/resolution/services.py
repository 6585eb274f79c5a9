"""What is done about a discrepancy: each step is a compare-and-swap in a transaction, with a note that says who and
why, and a line of the audit trail. Those that end it are taken by `ending.py`, which knows by whose word.

No step changes a booking: accepting the provider's value makes an adjustment beside it, and a look-up goes through the
booking's own services.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from bookings.reconciliation import states
from bookings.reconciliation.lock import queries as locks
from bookings.reconciliation.models import Discrepancy, Statement
from bookings.reconciliation.resolution import adjusting, trail
from bookings.reconciliation.resolution.models import Countersignature, HandLink, ManualTask
from bookings.reconciliation.resolution.refusals import DiscrepancyChanged, DiscrepancyStateInvalid, NotForPartners
from bookings.reconciliation.resolution.schemas import Action, By, Resolution
from bookings.reconciliation.states import STANDING, CaseState
from movmo.kit.errors import NotFound

CLOSED = frozenset({CaseState.RESOLVED, CaseState.WRITTEN_OFF})


def comment(discrepancy_id: UUID, *, text: str, by: By, now: datetime) -> Discrepancy:
    with transaction.atomic():
        discrepancy = get(discrepancy_id)
        trail.note(discrepancy, text, by=by, now=now)
        _audited(Action.NOTE, discrepancy, by=by)
    return discrepancy


def investigate(discrepancy_id: UUID, *, reason: str, by: By, now: datetime) -> Discrepancy:
    """Whoever says so becomes its owner."""
    owner: dict[str, Any] = {"owner_id": by.user_id} if by.user_id else {}
    with transaction.atomic():
        discrepancy = get(discrepancy_id)
        if discrepancy.state == CaseState.INVESTIGATING:
            return _noted(discrepancy, Action.INVESTIGATE, reason, by=by, now=now, **owner)
        return _moved(discrepancy, CaseState.INVESTIGATING, Action.INVESTIGATE, reason, by=by, now=now, **owner)


def dispute(discrepancy_id: UUID, *, reason: str, by: By, now: datetime) -> Discrepancy:
    """The provider was told, or will be, that it is wrong."""
    with transaction.atomic():
        return _moved(get(discrepancy_id), CaseState.DISPUTED, Action.DISPUTE, reason, by=by, now=now)


def reopen(discrepancy_id: UUID, *, reason: str, by: By, now: datetime) -> Discrepancy:
    """A link by hand ends with it. An adjustment stays on record; accepting again books what is not booked yet."""
    with transaction.atomic():
        discrepancy = get(discrepancy_id)
        if discrepancy.state not in CLOSED:
            raise DiscrepancyStateInvalid(state=discrepancy.state, needed="resolved or written off")
        if by.partner_id and _is_ours_to_open(discrepancy):
            raise NotForPartners(action=Action.REOPEN.value)
        _check_unlocked(discrepancy)
        HandLink.objects.filter(line_id=discrepancy.line_id).delete()
        return _moved(discrepancy, CaseState.OPEN, Action.REOPEN, reason, by=by, now=now, resolution="")


def _is_ours_to_open(discrepancy: Discrepancy) -> bool:
    """What took people of ours to end, no partner's key begins again."""
    signed = Countersignature.objects.filter(discrepancy=discrepancy, state=Countersignature.State.SIGNED)
    return discrepancy.state == CaseState.WRITTEN_OFF or signed.exists()


def closed(discrepancy: Discrepancy, *, reason: str, by: By, now: datetime) -> Discrepancy:
    ManualTask.objects.filter(discrepancy=discrepancy, state=ManualTask.State.OPEN).update(
        state=ManualTask.State.DONE, done_by=by.user_id, done_at=now
    )
    return _moved(discrepancy, CaseState.RESOLVED, Action.CLOSE, reason, by=by, now=now, resolution=Resolution.CLOSED)


def accepted(discrepancy: Discrepancy, *, reason: str, by: By, now: datetime) -> Discrepancy:
    resolution = Resolution.ACCEPTED_THEIRS
    after = _moved(discrepancy, CaseState.RESOLVED, Action.ACCEPT_THEIRS, reason, by=by, now=now, resolution=resolution)
    adjusting.book(after, reason=reason, by=by, now=now)
    return after


def written_off(discrepancy: Discrepancy, *, reason: str, by: By, now: datetime) -> Discrepancy:
    resolution = Resolution.WRITTEN_OFF
    return _moved(discrepancy, CaseState.WRITTEN_OFF, Action.WRITE_OFF, reason, by=by, now=now, resolution=resolution)


def linked(discrepancy: Discrepancy, *, reason: str, by: By, now: datetime, booking_id: UUID) -> Discrepancy:
    """In the transaction that writes the link."""
    changes = {"resolution": Resolution.LINKED, "booking_id": booking_id}
    return _moved(discrepancy, CaseState.RESOLVED, Action.LINK, reason, by=by, now=now, **changes)


def get(discrepancy_id: UUID) -> Discrepancy:
    """Raises NotFound."""
    found = Discrepancy.objects.select_related("statement").filter(pk=discrepancy_id).first()
    if found is None:
        raise NotFound("discrepancy")
    return found


def held(discrepancy_id: UUID) -> Discrepancy:
    """For whoever ends it, in a transaction: nobody else ends one of its statement meanwhile, whose sums are theirs,
    too. On SQLite the transaction alone sees to it. Raises NotFound.
    """
    statement_id = get(discrepancy_id).statement_id
    Statement.objects.select_for_update(no_key=True).filter(pk=statement_id).values_list("pk").first()
    return get(discrepancy_id)


def check_may_be_closed(discrepancy: Discrepancy) -> None:
    """In the transaction that ends it. Raises DiscrepancyStateInvalid or PeriodLocked."""
    check_stands(discrepancy)
    _check_unlocked(discrepancy)


def check_stands(discrepancy: Discrepancy) -> None:
    """Raises DiscrepancyStateInvalid, where nobody has to do anything about it any more."""
    if discrepancy.state not in STANDING:
        raise DiscrepancyStateInvalid(state=discrepancy.state, needed="open, investigating or disputed")


def _check_unlocked(discrepancy: Discrepancy) -> None:
    """What a locked period comes to stays as it is. Raises PeriodLocked."""
    locks.check_stays_unlocked(discrepancy.statement)


def _moved(
    discrepancy: Discrepancy,
    after: CaseState,
    action: Action,
    text: str,
    *,
    by: By,
    now: datetime,
    **changes: Any,
) -> Discrepancy:
    before = CaseState(discrepancy.state)
    if after not in states.TRANSITIONS[before]:
        needed = [
            state.value for state, to in states.TRANSITIONS.items() if after in to and state is not CaseState.GONE
        ]
        raise DiscrepancyStateInvalid(state=before.value, needed=" or ".join(needed))
    return _noted(discrepancy, action, text, by=by, now=now, after=after, **changes)


def _noted(
    discrepancy: Discrepancy,
    action: Action,
    text: str,
    *,
    by: By,
    now: datetime,
    after: CaseState | None = None,
    **changes: Any,
) -> Discrepancy:
    """Compare-and-swap on state and version. Raises DiscrepancyChanged."""
    seen = Discrepancy.objects.filter(pk=discrepancy.pk, state=discrepancy.state, version=discrepancy.version)
    moved = {"state": after.value} if after else {}
    if not seen.update(version=F("version") + 1, updated_at=now, **moved, **changes):
        raise DiscrepancyChanged
    before = discrepancy.state if after else ""
    trail.note(discrepancy, text, by=by, now=now, before=before, after=after.value if after else "")
    _audited(action, discrepancy, by=by, before=discrepancy.state, after=after.value if after else discrepancy.state)
    return get(discrepancy.pk)


def _audited(action: Action, discrepancy: Discrepancy, *, by: By, **arguments: Any) -> None:
    trail.audited(f"discrepancy_{action}", by=by, resource_id=discrepancy.pk, **arguments)
