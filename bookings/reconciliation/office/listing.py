"""Lists with something above them: buttons for whoever may press them, and charts."""

from typing import Any, ClassVar

from django.http import HttpRequest

from movmo.kit import bars
from movmo.operations.admin import ReadOnlyAdmin

Buttons = list[tuple[str, str]]
"""Each with its label and where it leads."""


class ListWithMore(ReadOnlyAdmin):
    list_before_template: Any = "admin/reconciliation/above.html"

    class Media:
        css: ClassVar[Any] = {"all": ("bookings/reconciliation.css",)}

    def buttons(self, request: HttpRequest) -> Buttons:
        return []

    def charts(self) -> list[tuple[str, bars.Chart]]:
        return []

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        more: dict[str, Any] = {"buttons": self.buttons(request), "charts": self.charts()}
        more.update(extra_context or {})
        return super().changelist_view(request, more)
