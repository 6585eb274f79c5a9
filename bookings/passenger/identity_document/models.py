"""A passport or another document of a passenger. Everything in it is encrypted for the traveler who keeps it."""

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models

from bookings.passenger.identity_document.schemas import DocumentType
from movmo.accounts.personal import PersonalField
from movmo.kit.ids import new_id
from movmo.operations.lookup import LookupField


class IdentityDocument(models.Model):
    """`lookup` is a keyed hash of the number: equal numbers can be found, and none can be read from it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identity_documents")
    passenger = models.ForeignKey("bookings.Passenger", on_delete=models.CASCADE, related_name="identity_documents")
    type = models.CharField(max_length=20, choices=[(known.value, known.name) for known in DocumentType])
    number = PersonalField()
    issuing_country = PersonalField(null=True)
    issued_on = PersonalField(null=True)
    expires_on = PersonalField(null=True)
    lookup = LookupField(of="number")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "identity_document"
        constraints = [
            models.UniqueConstraint(fields=["passenger", "type", "lookup"], name="one_document_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.type} of {self.passenger_id}"

    @property
    def expiry(self) -> date | None:
        """The last day it is good for."""
        return _day(self.expires_on)

    @property
    def issue(self) -> date | None:
        return _day(self.issued_on)


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None
