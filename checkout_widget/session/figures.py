"""What the dashboard tells of checkouts."""

from datetime import datetime

from django.db.models import Count

from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.states import CheckoutState


def opened_since(since: datetime) -> dict[CheckoutState, int]:
    """Checkouts opened from then on, by the state that is written: one that nobody came to may have run out since."""
    opened = CheckoutSession.objects.filter(created_at__gte=since).order_by("state")
    return {CheckoutState(state): count for state, count in opened.values_list("state").annotate(count=Count("*"))}
