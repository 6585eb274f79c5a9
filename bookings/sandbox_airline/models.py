"""The airline's own tables: what a real airline would keep on its side of the wire."""

import re
from uuid import UUID

from django.db import models

from bookings.providers.types import CabinClass, NormalisedOffer, OrderStatus
from movmo.kit.ids import new_id
from movmo.kit.money import Money

HEX_KEY = re.compile(r"[0-9a-f]{32}")


class SandboxInventory(models.Model):
    """Seats left on one departure in one cabin. A row exists once somebody has ordered there."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    carrier = models.CharField(max_length=3)
    flight_number = models.CharField(max_length=5)
    # Part of the key: one flight number may fly two legs on one date.
    origin = models.CharField(max_length=3)
    departure_date = models.DateField()
    cabin_class = models.CharField(max_length=20, choices=[(cabin, cabin) for cabin in CabinClass])
    seats_left = models.PositiveIntegerField()

    class Meta:
        db_table = "sandbox_inventory"
        verbose_name_plural = "sandbox inventories"
        constraints = [
            models.UniqueConstraint(
                fields=["carrier", "flight_number", "origin", "departure_date", "cabin_class"],
                name="sandbox_inventory_departure",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.carrier}{self.flight_number} {self.departure_date} {self.cabin_class}: {self.seats_left}"


class SandboxOrder(models.Model):
    """An order as the airline holds it, as of the last time that anybody asked: `life` brings it up to date.

    UNIQUE on `client_reference` is what makes a second order of one caller impossible, on `offer_id` a second sale.
    `due_at` is when its status changes by itself, null when it never does. `confirmed_at` is when it was paid for.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    client_reference = models.CharField(max_length=100, unique=True)
    # Of the airline's own offers only; adopted ones have none, for their ids are not the airline's to judge.
    offer_id = models.CharField(max_length=100, unique=True, null=True, editable=False)
    # As it was sold, in the normalised words: flights, slots, conditions. It names nobody.
    offer = models.JSONField()
    status = models.CharField(max_length=20, choices=[(status, status) for status in OrderStatus])
    trigger = models.CharField(max_length=20, blank=True)
    # One for the whole journey, or one for each slice.
    record_locators = models.JSONField()
    # A list, for each passenger `provider_passenger_id` and `ticket_name` ("ANDERSSON/BO").
    passengers = models.JSONField()
    total_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(db_index=True)
    payment_required_by = models.DateTimeField(null=True)
    price_guarantee_expires_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    change_accepted_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True, db_index=True)
    refund_minor = models.BigIntegerField(null=True)

    class Meta:
        db_table = "sandbox_order"
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=list(OrderStatus)), name="sandbox_order_status"),
            models.CheckConstraint(
                condition=models.Q(refund_minor__isnull=True) | models.Q(cancelled_at__isnull=False),
                name="sandbox_refund_is_of_a_cancelled_order",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="sandbox_order_due"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} ({self.record_locator})"

    @property
    def order_id(self) -> str:
        return order_id(self.id)

    @property
    def record_locator(self) -> str:
        """What people quote: that of the first slice."""
        return str(self.record_locators[0])

    @property
    def content(self) -> NormalisedOffer:
        return NormalisedOffer.model_validate(self.offer)

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def refund(self) -> Money | None:
        return None if self.refund_minor is None else Money(self.refund_minor, self.currency)


class SandboxTicket(models.Model):
    """One ticket from the airline's stock. The key is a serial, as ticket stock is: no number is given out twice.

    `issued_at` may lie ahead: until then nobody is told of the ticket.
    """

    serial = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(SandboxOrder, on_delete=models.CASCADE, related_name="tickets")
    provider_passenger_id = models.CharField(max_length=300)
    issued_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "sandbox_ticket"

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """13 digits: the airline's prefix 000, then ten of serial."""
        return f"000{2_400_000_000 + self.serial:010d}"


class SandboxSeat(models.Model):
    """A seat that somebody has chosen. UNIQUE is what gives it to one passenger only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(SandboxOrder, on_delete=models.CASCADE, related_name="seats")
    provider_passenger_id = models.CharField(max_length=300)
    carrier = models.CharField(max_length=3)
    flight_number = models.CharField(max_length=5)
    origin = models.CharField(max_length=3)
    departure_date = models.DateField()
    designator = models.CharField(max_length=4)

    class Meta:
        db_table = "sandbox_seat"
        constraints = [
            models.UniqueConstraint(
                fields=["carrier", "flight_number", "origin", "departure_date", "designator"],
                name="sandbox_seat_is_taken_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.carrier}{self.flight_number} {self.departure_date} {self.designator}"


class SandboxCancellationQuote(models.Model):
    """What the airline said that it would give back, and until when it stands by that."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(SandboxOrder, on_delete=models.CASCADE, related_name="cancellation_quotes")
    refund_minor = models.BigIntegerField()
    penalty_minor = models.BigIntegerField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "sandbox_cancellation_quote"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(refund_minor__gte=0, penalty_minor__gte=0), name="sandbox_quote_is_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        return f"ccq_{self.id.hex}"


class SandboxThrottle(models.Model):
    """How often the airline has answered "429, try later" to orders of an offer that ask for it by name.

    Counted by offer: who was refused may come again with the same order or a new one of the same offer.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    offer_id = models.CharField(max_length=300, unique=True)
    refused = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "sandbox_throttle"

    def __str__(self) -> str:
        return f"{self.offer_id}: {self.refused}"


def order_id(key: UUID) -> str:
    return f"ord_{key.hex}"


def key_of(name: str, *, kind: str) -> UUID | None:
    """The key in a name that the airline gave out, such as "ord_" and 32 digits; None for what is no such name."""
    prefix, _, digits = name.partition("_")
    return UUID(digits) if prefix == kind and HEX_KEY.fullmatch(digits) else None
