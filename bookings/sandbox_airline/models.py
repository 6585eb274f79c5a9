"""The airline's own tables: what a real airline would keep on its side of the wire."""

from uuid import UUID

from django.db import models

from bookings.providers.types import CabinClass, OrderStatus
from movmo.kit.ids import new_id
from movmo.kit.money import Money


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
    """An order as the airline holds it.

    UNIQUE on `client_reference` is what makes a second order of one caller impossible, on `offer_id` a second sale.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    client_reference = models.CharField(max_length=100, unique=True)
    # Of the airline's own offers only; adopted ones have none, for their ids are not the airline's to judge.
    offer_id = models.CharField(max_length=100, unique=True, null=True, editable=False)
    status = models.CharField(max_length=20, choices=[(status, status) for status in OrderStatus])
    record_locator = models.CharField(max_length=6, db_index=True)
    # A list, for each passenger `provider_passenger_id` and `ticket_name` ("ANDERSSON/BO").
    passengers = models.JSONField()
    total_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()
    payment_required_by = models.DateTimeField(null=True)
    price_guarantee_expires_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sandbox_order"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=[OrderStatus.CONFIRMED, OrderStatus.HELD]),
                name="sandbox_order_status",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} ({self.record_locator})"

    @property
    def order_id(self) -> str:
        return order_id(self.id)

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)


class SandboxTicket(models.Model):
    """One ticket from the airline's stock. The key is a serial, as ticket stock is: no number is given out twice."""

    serial = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(SandboxOrder, on_delete=models.CASCADE, related_name="tickets")
    provider_passenger_id = models.CharField(max_length=300)

    class Meta:
        db_table = "sandbox_ticket"

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """13 digits: the airline's prefix 000, then ten of serial."""
        return f"000{2_400_000_000 + self.serial:010d}"


def order_id(key: UUID) -> str:
    return f"ord_{key.hex}"
