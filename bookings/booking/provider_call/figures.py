"""What the dashboard tells of calls to providers: how many got no answer."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Q

from bookings.booking.provider_call.models import ProviderCall

Outcome = ProviderCall.Outcome
UNANSWERED = Q(outcome__in=(Outcome.UNAVAILABLE, Outcome.UNKNOWN))


class Errors(NamedTuple):
    """A refusal is an answer: these are calls that a provider was down for, or of which nobody knows the end."""

    provider: str
    operation: str
    calls: int
    unanswered: int


def errors(since: datetime) -> list[Errors]:
    """By provider and operation, most first. Those that always got an answer are left out."""
    by_operation = ProviderCall.objects.filter(at__gte=since).values_list("provider", "operation")
    counted = by_operation.annotate(calls=Count("*"), unanswered=Count("pk", filter=UNANSWERED))
    return [Errors(*row) for row in counted.filter(unanswered__gt=0).order_by("-unanswered", "provider", "operation")]
