"""Where a page leads when it is done: `next=`, which is anybody's to write."""

from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.generic.base import ContextMixin

FIELD = "next"


def wanted(request: HttpRequest) -> str:
    """A path of this server; empty if none was asked for, or another host, ALLOWED_HOSTS or not."""
    path = request.POST.get(FIELD) or request.GET.get(FIELD) or ""
    return path if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None) else ""


def passed_on(request: HttpRequest, page: str) -> str:
    """`page`, which leads on to where this one would have."""
    path = wanted(request)
    return f"{page}?{urlencode({FIELD: path})}" if path else page


class LeadsOn(ContextMixin):
    """A page whose forms keep where they lead to, in `redirect_field`."""

    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        path = wanted(self.request)
        field = format_html('<input type="hidden" name="{}" value="{}">', FIELD, path) if path else ""
        return super().get_context_data(redirect_field=field, **kwargs)
