"""Identity documents in the back office: that there is one, of which type. Nothing that is encrypted is decrypted."""

from django.contrib import admin

from bookings.passenger.identity_document.models import IdentityDocument
from movmo.operations.admin import ReadOnlyAdmin


@admin.register(IdentityDocument)
class IdentityDocumentAdmin(ReadOnlyAdmin):
    list_display = ("id", "type", "user", "created_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("id__exact", "passenger__id__exact", "user__email__exact")
    search_help_text = "A whole document id or passenger id, or the traveler's e-mail address."
    fields = ("id", "type", "user", "created_at")
    readonly_fields = ("id",)
