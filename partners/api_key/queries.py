"""Which key somebody means."""

from movmo.kit.ids import is_id
from partners.api_key import secret
from partners.api_key.models import ApiKey


class KeyNotFound(Exception):
    """A sentence for whoever named the key."""


def named(text: str) -> ApiKey:
    """The key of this hint or id. Raises KeyNotFound, also where several keys have the hint."""
    if secret.is_well_formed(text):
        raise KeyNotFound("That is a key itself, and by now it stands in a history of commands. Name it by its hint.")
    rows = ApiKey.objects.select_related("partner")
    found = list(rows.filter(pk=text) if is_id(text) else rows.filter(hint=text.replace("...", "…")))
    if not found:
        raise KeyNotFound("There is no key with this hint or id; manage.py list_api_keys shows both.")
    if len(found) > 1:
        ids = ", ".join(str(key.pk) for key in found)
        raise KeyNotFound(f"Several keys have this hint; name one by its id: {ids}.")
    return found[0]
