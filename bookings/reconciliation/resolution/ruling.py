"""New versions of the rules: what is stricter is in force at once, what lets more pass once a second person has signed.

A run goes by the rules in force when it begins, so nothing that is asked for here can be seen in one before.
"""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from bookings.reconciliation import queries
from bookings.reconciliation.models import Rules
from bookings.reconciliation.resolution import limits, trail
from bookings.reconciliation.resolution.models import Countersignature
from bookings.reconciliation.resolution.refusals import AskedAlready, ChangedSinceAsked, LimitReserved, RulesChanged
from bookings.reconciliation.resolution.schemas import By
from bookings.reconciliation.tolerating import Tolerances
from movmo.accounts.models import User
from movmo.operations import rights

What = Countersignature.What


def make(tolerances: Tolerances, *, reason: str, by: By, now: datetime) -> Rules | Countersignature:
    """Raises LimitReserved, AskedAlready, or RulesChanged where a colleague makes this version at the same moment."""
    newest = queries.rules_in_force()
    before: Tolerances = newest.tolerances if newest else {}
    version = newest.version if newest else 0
    raised = limits.raised(before, tolerances)
    if raised:
        _check_may_raise(raised, by=by)
    if raised or limits.eased(before, tolerances):
        what = What.LIMIT if raised else What.RULES
        return _asked(what, version, tolerances, reason=reason, by=by, now=now)
    try:
        with transaction.atomic():
            return _written(version + 1, tolerances, reason=reason, made_by=by, by=by, now=now)
    except IntegrityError:
        raise RulesChanged from None


def _check_may_raise(raised: list[str], *, by: By) -> None:
    """Whoever ends discrepancies cannot say themselves how much they may."""
    clerk = User.objects.filter(pk=by.user_id).first() if by.user_id else None
    if clerk is None or not clerk.has_perm(rights.RAISE_WRITE_OFF):
        raise LimitReserved(raised=", ".join(raised))


def _asked(what: What, version: int, tolerances: Tolerances, *, reason: str, by: By, now: datetime) -> Countersignature:
    if by.user_id is None:
        raise RuntimeError("only a person asks for rules that let more pass")
    try:
        with transaction.atomic():
            asked = Countersignature.objects.create(
                what=what,
                version=version,
                terms={"tolerances": tolerances},
                reason=reason[:200],
                asked_by=by.user_id,
                asked_at=now,
            )
            trail.audited(f"ask_to_{what}", by=by, resource_id=asked.pk, tolerances=tolerances)
    except IntegrityError:
        raise AskedAlready(what="A change of the rules") from None
    return asked


def take_effect(asked: Countersignature, *, by: By, now: datetime) -> Rules:
    """In the transaction of the second person's word, and only after the version that they were held against. Raises
    ChangedSinceAsked.
    """
    newest = queries.rules_in_force()
    if (newest.version if newest else 0) != asked.version:
        raise ChangedSinceAsked(what="version of the rules in force")
    asker = By(user_id=asked.asked_by)
    try:
        with transaction.atomic():
            made = asked.terms["tolerances"]
            return _written(asked.version + 1, made, reason=asked.reason, made_by=asker, by=by, now=now)
    except IntegrityError:
        raise ChangedSinceAsked(what="version of the rules in force") from None


def _written(version: int, tolerances: Tolerances, *, reason: str, made_by: By, by: By, now: datetime) -> Rules:
    values: dict[str, Any] = {"tolerances": tolerances, "created_by": made_by.user_id, "created_at": now}
    made = Rules.objects.create(version=version, reason=reason[:200], **values)
    trail.audited("make_rules", by=by, resource_id=made.pk, version=version)
    return made
