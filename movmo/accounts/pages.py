"""What every page for people has in common."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View


@method_decorator(never_cache, name="dispatch")
class Page(View):
    """A page that belongs to one person: not cached. What it may load and run stands in the settings' content policy;
    a script or style of its own needs `nonce="{{ request.csp_nonce }}"`."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Ours to decorate: decorating the inherited one would end here, past LoginRequiredMixin and the like.
        return super().dispatch(request, *args, **kwargs)
