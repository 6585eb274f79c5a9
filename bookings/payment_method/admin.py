"""Cards in the back office: what everybody may know of them."""

from django.contrib import admin

from bookings.payment_method.models import PaymentMethod, Redaction
from movmo.operations.admin import ReadOnlyAdmin


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ReadOnlyAdmin):
    list_display = ("brand", "last4", "user", "vault", "is_default", "is_test", "created_at", "deleted_at")
    list_filter = ("vault", "is_test")
    list_select_related = ("user",)
    search_fields = ("id__exact", "user__email__exact")
    search_help_text = "A whole payment method id, or the traveler's e-mail address."
    fields = ("id", "brand", "last4", "exp_month", "exp_year", "user", "vault", "is_default", "is_test", "created_at")
    readonly_fields = ("id",)


@admin.register(Redaction)
class RedactionAdmin(ReadOnlyAdmin):
    """Cards that their vault has still to forget. Many tries mean that a vault cannot be reached."""

    list_display = ("created_at", "vault", "attempts")
    fields = ("created_at", "vault", "attempts")
