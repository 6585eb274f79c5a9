"""A booking, and the record of every step it took.

The passengers and the itinerary are frozen as they were booked: later changes to a saved passenger, or its deletion,
do not touch them. `id` is the client reference at the provider.
"""

from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.fields.json import KeyTextTransform

from bookings.booking.schemas import Mode
from bookings.booking.states import OPEN, TRANSITIONS, State
from bookings.offer.models import Offer
from bookings.payment_method.models import PaymentMethod
from bookings.providers.types import CardStatus
from movmo.accounts.personal import PersonalField
from movmo.kit.ids import new_id
from movmo.kit.money import Money
from partners.partner.models import Partner

HELD_MONEY = (CardStatus.APPROVED, CardStatus.REQUIRES_ACTION)
SHOWN_IN_FEED = (
    "state", "mode", "total_minor", "currency", "itinerary", "record_locators", "payment_required_by", "cancelled_by",
    "refund_minor", "penalty_minor", "refund_to", "failure_code", "updated_at",
)  # fmt: skip
"""What a partner's feed shows of a booking and may change: a change of one of them moves the booking in the feed."""
GIVEN_BACK = (State.FAILED, State.HELD, State.LAPSED)
"""Where money that a bank still holds belongs to the cardholder; and where a hold was cancelled that was never sold."""
AT_RISK = tuple(state.value for state in (State.HELD, State.MANUAL_REVIEW, State.UNKNOWN))
"""What is not paid for yet, and what nobody knows the end of."""
STATES = [(state.value, state.name.replace("_", " ").lower()) for state in State]


class Bookings(models.QuerySet["Booking"]):
    def update(self, **changes: Any) -> int:
        """A row that shows something new has no place in the feed until a reader gives it the next one."""
        if not changes.keys().isdisjoint(SHOWN_IN_FEED):
            changes.setdefault("feed_place", None)
        return super().update(**changes)


class Booking(models.Model):
    """`fence` counts claims: an outcome is written only by the holder of the newest, until `lease_until`.

    `sequence` is the number of its newest event. `watch_at` is when a worker looks at the airline's order again,
    though nobody asked: for tickets, for changes of schedule, for the end of a hold; `unanswered` counts the looks
    since the airline last answered one. `itinerary` is what flies now;
    earlier versions are with the schedule changes. `is_amended`: something was asked of its order, or announced for it.
    `record_locator` is the first of the record locators (PNRs), as the database takes it out of them: for its index.
    The others, which few bookings have, are in a table of their own for theirs: see `record_locator`.
    `feed_place` is where its partner reads it in the feed; null until somebody reads what has changed: see `feed`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bookings")
    partner = models.ForeignKey(Partner, null=True, on_delete=models.PROTECT, related_name="bookings")
    client_id = models.CharField(max_length=255, blank=True)
    door = models.CharField(max_length=10)
    provider = models.CharField(max_length=40)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="bookings")
    mode = models.CharField(max_length=10, choices=[(mode.value, mode.value) for mode in Mode])
    state = models.CharField(max_length=20, choices=STATES)
    fence = models.PositiveIntegerField(default=0)
    sequence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    watch_at = models.DateTimeField(null=True)
    unanswered = models.PositiveIntegerField(default=0)
    total_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    passengers = PersonalField()
    itinerary = models.JSONField()
    itinerary_version = models.PositiveSmallIntegerField(default=1)
    services = models.JSONField(default=list)
    is_amended = models.BooleanField(default=False)
    payment_method = models.ForeignKey(PaymentMethod, null=True, on_delete=models.PROTECT, related_name="bookings")
    payment_status = models.CharField(max_length=20, blank=True)
    payment_reference = models.CharField(max_length=100, blank=True)
    challenge_url = models.CharField(max_length=500, blank=True)
    order_id = models.TextField(blank=True)  # A booking is not lost because its airline writes long ones.
    record_locators = models.JSONField(default=list)
    record_locator = models.GeneratedField(
        expression=KeyTextTransform("0", "record_locators"),
        output_field=models.TextField(),  # For the same reason.
        db_persist=True,
    )
    documents = models.JSONField(default=list)
    payment_required_by = models.DateTimeField(null=True)
    price_guarantee_expires_at = models.DateTimeField(null=True)
    cancelled_by = models.CharField(max_length=10, blank=True)
    refund_minor = models.BigIntegerField(null=True)
    penalty_minor = models.BigIntegerField(null=True)
    refund_to = models.CharField(max_length=30, blank=True)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_facts = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    feed_place = models.PositiveBigIntegerField(null=True, editable=False)

    objects = Bookings.as_manager()

    class Meta:
        db_table = "booking"
        permissions = (("cancel_booking", "Can cancel a booking for its traveler"),)
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=[state.value for state in State]), name="known_state"),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="booking_of_user"),
            models.Index(fields=["record_locator"], name="booking_record_locator"),
            models.Index(fields=["order_id"], name="booking_order"),
            models.Index(fields=["state", "-id"], name="booking_of_state"),
            models.Index(
                fields=["partner", "feed_place"],
                condition=models.Q(feed_place__isnull=False),
                name="booking_in_feed",
            ),
            models.Index(
                fields=["partner", "updated_at", "id"],
                condition=models.Q(feed_place__isnull=True),
                name="booking_without_place",
            ),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(state__in=[state.value for state in OPEN]),
                name="booking_still_open",
            ),
            models.Index(fields=["watch_at"], condition=models.Q(watch_at__isnull=False), name="booking_to_watch"),
            models.Index(fields=["created_at", "provider", "state"], name="booking_by_day"),
            models.Index(fields=["state"], condition=models.Q(state__in=AT_RISK), name="booking_at_risk"),
            models.Index(
                fields=["id"],
                condition=(
                    models.Q(state__in=[state.value for state in GIVEN_BACK])
                    | models.Q(state=State.CANCELLED.value, mode=Mode.HOLD.value)
                )
                & models.Q(payment_status__in=["approved", "requires_action"]),
                name="booking_to_give_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.locator or self.id} ({self.state})"

    @property
    def people(self) -> list[dict[str, Any]]:
        """The passengers as booked; nobody any more once the traveler's account was deleted."""
        return self.passengers or []

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def locator(self) -> str:
        """The first record locator (PNR), or nothing yet."""
        return self.record_locators[0] if self.record_locators else ""


def _steps() -> models.Q:
    """The legal steps, and notes that change no state."""
    noted = [models.Q(before=state.value, after=state.value) for state in State]
    legal = [
        models.Q(before=before.value, after__in=sorted(state.value for state in after))
        for before, after in TRANSITIONS.items()
        if after
    ]
    return reduce(or_, [models.Q(before="", after=State.RESERVED.value), *noted, *legal])


class BookingTransition(models.Model):
    """One step of a booking: from where to where, when, who and why. Only ever inserted.

    `who` is traveler, staff, airline or movmo; `via` is the door and the client of a person's call.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="transitions")
    before = models.CharField(max_length=20, choices=STATES, blank=True)
    after = models.CharField(max_length=20, choices=STATES)
    fence = models.PositiveIntegerField()
    at = models.DateTimeField()
    who = models.CharField(max_length=10)
    via = models.CharField(max_length=100, blank=True)
    user_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=200)

    class Meta:
        db_table = "booking_transition"
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=_steps(), name="legal_step")]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"
