"""A card, without its number: brand, last digits, expiry, and the vault's token, encrypted for its traveler."""

from django.conf import settings
from django.db import models

from movmo.accounts.personal import PersonalField
from movmo.kit.encrypted import EncryptedField
from movmo.kit.ids import new_id
from movmo.operations.lookup import LookupField


class CardCapture(models.Model):
    """One opening of the card form. A token counts only for the traveler and the capture it was made in."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="card_captures")
    vault = models.CharField(max_length=20)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "card_capture"

    def __str__(self) -> str:
        return f"capture of {self.user_id}"


class PaymentMethod(models.Model):
    """`lookup` is a keyed hash of the token: one token is one card. A deleted card has no token any more."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="payment_methods")
    vault = models.CharField(max_length=20)
    token = PersonalField(null=True)
    lookup = LookupField(of="token", null=True, unique=True)
    brand = models.CharField(max_length=30, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    exp_month = models.PositiveSmallIntegerField(default=0)
    exp_year = models.PositiveSmallIntegerField(default=0)
    is_test = models.BooleanField(default=False)
    is_default = models.BooleanField(default=False)
    becomes_default = models.BooleanField(default=False, editable=False)
    described_at = models.DateTimeField(null=True, editable=False, help_text="Until then the vault was not asked.")
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    expiry_notice_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "payment_method"
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(is_default=True, deleted_at=None), name="one_default_card"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand} {self.last4}"


class Redaction(models.Model):
    """A card that its vault has still to forget. Whose it was is not told: the account may be gone by then."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    vault = models.CharField(max_length=20)
    token = EncryptedField()
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "vault_redaction"

    def __str__(self) -> str:
        return f"{self.vault} since {self.created_at:%Y-%m-%d %H:%M}"
