"""A provider's offer as it was submitted, and the slots that people are mapped to."""

from django.conf import settings
from django.db import models

from bookings.offer.ancillaries import ChosenService
from bookings.offer.schemas import OfferStatus
from bookings.passenger.models import Passenger
from bookings.providers.types import NormalisedOffer, PassengerType
from movmo.kit.encrypted import EncryptedField
from movmo.kit.ids import new_id
from movmo.kit.money import Money
from partners.partner.models import Partner

STATUSES = [(status.value, status.value) for status in OfferStatus if status is not OfferStatus.EXPIRED]


class Offer(models.Model):
    """`user` is null until a traveler is known: three catalogue routes need only a partner's key.

    `raw` is the provider's own text as it was read last; `version` counts the readings and the choices of services.
    `services` are the seats and bags that were chosen, as they go into the order, and `services_minor` is their price.
    Whether the offer has run out is judged by `expires_at` and never stored; that it was told is in `expiry_told_at`.
    `is_taken`: somebody submitted it, put a passenger on it or chose services; nobody waits for the rest of a search.
    """

    class ExpirySource(models.TextChoices):
        PROVIDER = "provider"
        POLICY = "policy"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=40)
    provider_offer_id = models.CharField(max_length=300)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="offers")
    partner = models.ForeignKey(Partner, null=True, on_delete=models.PROTECT, related_name="offers")
    version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=STATUSES, default=OfferStatus.ACTIVE)
    expires_at = models.DateTimeField()
    expiry_source = models.CharField(max_length=10, choices=ExpirySource.choices)
    total_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    services = models.JSONField(default=list)
    services_minor = models.BigIntegerField(default=0)
    normalised = models.JSONField()
    raw = EncryptedField()
    raw_sha256 = models.CharField(max_length=64)
    search_id = models.UUIDField(null=True)
    search_position = models.PositiveIntegerField(null=True)
    is_taken = models.BooleanField(default=False)
    expiry_told_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "offer"
        constraints = [
            models.CheckConstraint(condition=models.Q(total_minor__gte=0), name="offer_total_is_not_negative"),
            models.CheckConstraint(condition=models.Q(services_minor__gte=0), name="offer_services_are_not_negative"),
            models.UniqueConstraint(fields=["search_id", "search_position"], name="one_offer_per_search_position"),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=models.Q(status="active", is_taken=True, expiry_told_at=None),
                name="offer_expiry_to_tell",
            ),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(is_taken=False),
                name="offer_nobody_took",
            ),
            models.Index(fields=["created_at"], condition=models.Q(is_taken=True), name="offer_taken"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.provider_offer_id}"

    @property
    def content(self) -> NormalisedOffer:
        return NormalisedOffer.model_validate(self.normalised)

    @property
    def chosen(self) -> list[ChosenService]:
        return [ChosenService.model_validate(one) for one in self.services]

    @property
    def total(self) -> Money:
        """What is to be paid: the offer's price with that of the chosen services."""
        return Money(self.total_minor + self.services_minor, self.currency)


class OfferSlot(models.Model):
    """One seat (or lap) of an offer. `associated_adult` is the provider's id of the adult whose lap it is."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="slots")
    position = models.PositiveSmallIntegerField()
    provider_passenger_id = models.CharField(max_length=300)
    type = models.CharField(max_length=3, choices=[(known.value, known.name) for known in PassengerType])
    associated_adult = models.CharField(max_length=300, null=True)
    passenger = models.ForeignKey(Passenger, null=True, on_delete=models.PROTECT, related_name="slots")

    class Meta:
        db_table = "offer_slot"
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["offer", "provider_passenger_id"], name="one_slot_per_provider_passenger"),
            models.UniqueConstraint(fields=["offer", "passenger"], name="one_slot_per_passenger_of_offer"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.position}"
