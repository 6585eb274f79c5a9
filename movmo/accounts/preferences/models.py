"""How a traveler likes to be spoken to, and to travel. No row means the defaults."""

from django.conf import settings
from django.db import models

from movmo.accounts.personal import PersonalField
from movmo.kit.ids import new_id


class LocalePreferences(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="locale_preferences")
    language = models.CharField(max_length=2, default="en")
    country = models.CharField(max_length=2, default="US")
    currency = models.CharField(max_length=3, default="USD")

    class Meta:
        db_table = "locale_preferences"
        verbose_name_plural = "locale preferences"

    def __str__(self) -> str:
        return f"{self.language}-{self.country}, {self.currency}"


class TravelPreferences(models.Model):
    """Loyalty numbers and the known-traveler number are encrypted for the traveler."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="travel_preferences")
    seat = models.CharField(max_length=10, blank=True)
    meal = models.CharField(max_length=4, blank=True)
    cabin_class = models.CharField(max_length=20, blank=True)
    loyalty_programmes = PersonalField(null=True)
    known_traveler_number = PersonalField(null=True)

    class Meta:
        db_table = "travel_preferences"
        verbose_name_plural = "travel preferences"

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.seat, self.meal, self.cabin_class))) or "no preference"
