"""A partner's registered pages, on the partner's own page."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpRequest
from unfold.admin import StackedInline

from partners.origin import services
from partners.origin.models import CheckoutOrigin

if TYPE_CHECKING:
    OriginForm = forms.ModelForm[CheckoutOrigin]
else:
    OriginForm = forms.ModelForm


class NewOrigin(OriginForm):
    def clean_origin(self) -> str:
        """A slash at the end is forgiven, before the rows are compared with one another."""
        typed: str = self.cleaned_data["origin"]
        return services.without_slash(typed)


class CheckoutOrigins(StackedInline):
    """Added and taken away, never changed: another page is another row."""

    model = CheckoutOrigin
    form = NewOrigin
    fields = ("origin", "created_at")
    readonly_fields = ("created_at",)
    extra = 0
    verbose_name = "checkout origin"
    verbose_name_plural = "checkout origins"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
