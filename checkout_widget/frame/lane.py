"""A lane for the frame past the middleware that knows people by cookies: the frame neither reads nor sets any.

In a frame on somebody else's page browsers send none. In a window of its own they would, and whoever is signed in at
Movmo there is nobody in a checkout for that: they show by a code who they are.
"""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve

AHEAD, PREFIX = "/c", "/c/"
NAMESPACE = "checkout"


class FrameLane:
    """Middleware, to stand behind the one that writes content policies."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        match = _frame_at(request)
        if match is None:
            return self._get_response(request)
        request.get_host()  # raises DisallowedHost, as the middleware left out would have done
        request.COOKIES = {}
        request.resolver_match = match
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return response


def _frame_at(request: HttpRequest) -> ResolverMatch | None:
    if request.path_info != AHEAD and not request.path_info.startswith(PREFIX):
        return None
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return None
    return match if match.namespaces == [NAMESPACE] else None
