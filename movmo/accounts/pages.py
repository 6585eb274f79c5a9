"""What every page for people has in common."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

# No script, no third party, no frame. `form-action` is left out on purpose: Chromium applies it to the redirect that
# follows a form, and consent ends in a redirect to the client.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"


@method_decorator(never_cache, name="dispatch")
class Page(View):
    """A page that belongs to one person: not cached, not framed, and its address is not told to other sites.

    The referrer policy is `same-origin` rather than `no-referrer`: under the latter browsers post forms with
    `Origin: null`, which the CSRF check refuses.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().dispatch(request, *args, **kwargs)
        assert isinstance(response, HttpResponse)
        response["Content-Security-Policy"] = POLICY
        response["Referrer-Policy"] = "same-origin"
        return response
