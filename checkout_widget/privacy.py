"""What checkouts know of a person, and how it is forgotten: see movmo.accounts.privacy."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from checkout_widget.session import steps
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.states import OVER, SIGNED_IN, UNDER_WAY
from checkout_widget.session.states import CheckoutState as State
from movmo.accounts.models import User
from movmo.accounts.privacy.services import AccountBusy, Records
from movmo.kit import clock

KEPT = timedelta(days=30)
"""So long after a checkout is over, the partner's word for its customer is kept."""
LEFT = "traveler_left"
AT_ONCE = 500


def tell(user: User) -> list[dict[str, Any]]:
    now = clock.now()
    mine = _of(user).select_related("partner").prefetch_related("attempts").order_by("id")
    return [
        {
            "partner": one.partner.name,
            "origin": one.origin,
            "email_from_partner": user.email if _is_their_email(one, user) else None,
            "status": str(steps.state_of(one, now=now)),
            "opened_at": one.created_at,
            "said_yes": [
                {"at": attempt.began_at, "booking_id": attempt.booking_id and str(attempt.booking_id)}
                for attempt in one.attempts.all()
                if attempt.user_id == user.pk
            ],
        }
        for one in mine
    ]


def _of(user: User) -> QuerySet[CheckoutSession]:
    """Those in which they are signed in, and those in which they have said yes."""
    return CheckoutSession.objects.filter(Q(user_id=user.pk) | Q(attempts__user_id=user.pk)).distinct()


def _is_their_email(session: CheckoutSession, user: User) -> bool:
    """The partner's word for its customer, who need not be whoever signed in."""
    told = session.customer_email
    return told is not None and bytes(told).decode().casefold() == user.email.casefold()


def check(user: User) -> None:
    """Raises AccountBusy while a booking is being made."""
    if _of(user).filter(state__in=UNDER_WAY).exists():
        raise AccountBusy(reason="a booking is under way")


def erase(user: User, now: datetime) -> None:
    """A purchase that they were in the middle of ends. That they said yes stays, as their bookings do, by the id of an
    account that is nobody's any more."""
    mine = list(_of(user))
    for session in CheckoutSession.objects.filter(user_id=user.pk, state__in=SIGNED_IN):
        after, code = (State.EXPIRED, "") if session.expires_at <= now else (State.FAILED, LEFT)
        if not steps.move(session, after, now=now, user_id=None, failure_code=code):
            raise AccountBusy(reason="a checkout is being changed at this moment")
    theirs = [one.pk for one in mine if one.user_id in (None, user.pk) or _is_their_email(one, user)]
    CheckoutSession.objects.filter(pk__in=theirs).update(customer_email=None)
    CheckoutSession.objects.filter(user_id=user.pk).update(user_id=None, signing_in=None)


def purge(*, now: datetime, most: int = 100_000) -> int:
    """Checkouts that have been over for long lose what their partner knew of its customer. Returns how many."""
    forgotten = 0
    over = CheckoutSession.objects.filter(state__in=OVER, updated_at__lte=now - KEPT, customer_email__isnull=False)
    while forgotten < most:
        found = list(over.order_by("updated_at").values_list("pk", flat=True)[:AT_ONCE])
        if not found:
            break
        CheckoutSession.objects.filter(pk__in=found).update(customer_email=None)
        forgotten += len(found)
    return forgotten


RECORDS = Records("checkouts", tell=tell, erase=erase, check=check)
