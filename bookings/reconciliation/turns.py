"""Whose statement is worked on next. Whatever partners send, workers are left for everything else: one of a partner's
at a time, and few of all partners' together. Ours, uploaded or pulled, wait for none of them.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Min, QuerySet

from bookings.reconciliation.models import Statement
from partners.partner.models import Partner

AT_ONCE = 2
"""Of all partners together. Two that begin at the same moment may be one too many until the first of them is done."""


def in_turn(waiting: QuerySet[Statement], *, now: datetime) -> list[UUID]:
    """Of `waiting`, ours, then for each partner that has none in hand its first one; the longest waiting first."""
    ours = waiting.filter(partner=None).order_by("number").values_list("pk", flat=True)
    in_hand = _in_hand(now)
    if len(in_hand) >= AT_ONCE:
        return list(ours)
    of_others = waiting.filter(partner__isnull=False).exclude(partner__in=in_hand)
    first = of_others.order_by().values("partner").annotate(first=Min("number")).values_list("first", flat=True)
    theirs = Statement.objects.filter(number__in=list(first)).order_by("number").values_list("pk", flat=True)
    return [*ours, *theirs[: AT_ONCE - len(in_hand)]]


def is_its(statement: Statement, *, now: datetime) -> bool:
    """Within the transaction that claims it: the workers of a partner come one after the other."""
    if statement.partner_id is None:
        return True
    Partner.objects.select_for_update(no_key=True).filter(pk=statement.partner_id).values_list("pk").first()
    in_hand = _in_hand(now)
    return statement.partner_id not in in_hand and len(in_hand) < AT_ONCE


def _in_hand(now: datetime) -> list[UUID]:
    """The partners of which one is worked on."""
    leased = Statement.objects.filter(partner__isnull=False, lease_until__gt=now)
    return list(leased.order_by().values_list("partner_id", flat=True).distinct())
