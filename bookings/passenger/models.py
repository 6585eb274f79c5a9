"""A person somebody books for, saved by a traveler. Deleting is soft: booked passengers stay readable."""

from django.conf import settings
from django.db import models

from movmo.accounts.personal import PersonalField
from movmo.kit.ids import new_id


class Passenger(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="passengers")
    given_name = models.CharField(max_length=100)
    family_name = models.CharField(max_length=100)
    birth_date = models.DateField()
    gender = models.CharField(max_length=1)
    email = models.EmailField(blank=True)
    phone_number = models.CharField(max_length=20, blank=True)
    nationality = models.CharField(max_length=2, blank=True)
    loyalty_programmes = PersonalField(null=True)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "passenger"
        indexes = [models.Index(fields=["user", "id"], name="passenger_of_user")]

    def __str__(self) -> str:
        return f"{self.given_name} {self.family_name}"
