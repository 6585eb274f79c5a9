"""Identity documents in the back office: that there is one, of which type. The list decrypts nothing."""

from typing import ClassVar

from django.contrib import admin

from bookings.passenger.identity_document.models import IdentityDocument
from movmo.kit import masks
from movmo.operations.admin import ReadOnlyAdmin
from movmo.operations.reveal.admin import Reveals, shown
from movmo.operations.reveal.fields import MaskedField


@admin.register(IdentityDocument)
class IdentityDocumentAdmin(Reveals, ReadOnlyAdmin):  # type: ignore[misc]
    list_display = ("id", "type", "user", "created_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("id__exact", "passenger__id__exact", "user__email__exact")
    search_help_text = "A whole document id or passenger id, or the traveler's e-mail address."
    masked: ClassVar[dict[str, MaskedField]] = {
        "number": MaskedField("document number", lambda document: document.number, masks.number),
        "expires_on": MaskedField("last day it is good for", lambda document: document.expires_on),
    }
    masked_number = shown("number")
    masked_expires_on = shown("expires_on")
    fields = ("id", "type", "user", "created_at", "masked_number", "masked_expires_on")
    readonly_fields = ("id", "masked_number", "masked_expires_on")
