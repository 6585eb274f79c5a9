"""Letters about an account that have still to leave."""

from django.conf import settings
from django.db import models

from movmo.kit.encrypted import EncryptedField
from movmo.kit.ids import new_id


class PendingLetter(models.Model):
    """To whom and with which facts: people's addresses and networks, so encrypted. Deleted once the letter was posted.

    Forgotten with its person; one that has to arrive when the account is gone belongs to nobody.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="pending_letters"
    )
    letter = models.CharField(max_length=60)
    content = EncryptedField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "pending_letter"

    def __str__(self) -> str:
        return self.letter
