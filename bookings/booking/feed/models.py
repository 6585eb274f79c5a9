"""How far a partner's feed has come."""

from django.db import models

from partners.partner.models import Partner


class FeedCounter(models.Model):
    """The last place given out. Whoever gives out places holds this row to the commit: they appear in their order."""

    partner = models.OneToOneField(Partner, primary_key=True, on_delete=models.CASCADE, related_name="+")
    place = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "booking_feed_counter"

    def __str__(self) -> str:
        return str(self.place)
