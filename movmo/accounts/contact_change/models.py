"""A change of e-mail address or telephone under way. Codes are kept as keyed hashes."""

from django.conf import settings
from django.db import models

from movmo.accounts.personal import PersonalField
from movmo.kit.ids import new_id


class ContactChange(models.Model):
    """Proof comes twice: a code from the new place, and one from where the person is known already."""

    class Kind(models.TextChoices):
        EMAIL = "email"
        PHONE_NUMBER = "phone_number"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contact_changes")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    value = PersonalField()
    code = models.BinaryField(max_length=32)
    identity_code = models.BinaryField(max_length=32)
    identity_token = models.BinaryField(max_length=32, null=True)
    identity_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contact_change"

    def __str__(self) -> str:
        return f"{self.kind} of {self.user_id}"
