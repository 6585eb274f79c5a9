"""Where a partner's pages are: only these may frame its checkout."""

from django.core.exceptions import ValidationError
from django.db import models

from movmo.kit import card_digits
from movmo.kit.ids import new_id
from movmo.operations.history import kept
from partners.origin import origins
from partners.partner.models import Partner


class CheckoutOrigin(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="checkout_origins")
    origin = models.CharField(
        max_length=origins.LONGEST, help_text="As browsers write it: https://shop.example, without a path."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    history = kept(table="checkout_origin_history")

    class Meta:
        db_table = "checkout_origin"
        constraints = [models.UniqueConstraint(fields=["partner", "origin"], name="one_row_of_origin")]

    def __str__(self) -> str:
        return self.origin

    def clean(self) -> None:
        try:
            canonical = origins.of(self.origin)
        except ValueError as problem:
            raise ValidationError({"origin": str(problem)}) from None
        if canonical != self.origin:
            raise ValidationError({"origin": f"Write it as browsers do: {canonical}"})
        if card_digits.is_in(self.origin):
            raise ValidationError({"origin": "It holds a card number."})
