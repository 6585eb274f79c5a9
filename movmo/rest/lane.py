"""A lane for calls of the API past the middleware of the pages.

Sessions, CSRF, sign-in and messages serve people in browsers; no operation has any of them. Together they cost about as
much as the whole view, so a call turns off here, behind the middleware that does concern it (security headers, CORS).
Everything else, the OAuth endpoints under the same prefix among it, goes on as ever.
"""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import Resolver404, ResolverMatch, get_resolver, get_urlconf

from movmo.rest.views import OperationView

PREFIX = "/v1/"


class ApiLane:
    """Middleware. What breaks here is turned into a response by Django's own handlers, as elsewhere."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        match = _operation_at(request)
        if match is None:
            return self._get_response(request)
        request.get_host()  # raises DisallowedHost, as the middleware left out would have done
        request.resolver_match = match
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        if not isinstance(response, SimpleTemplateResponse):  # it leaves while it is read
            return response
        rendered = response.render()
        rendered.headers["Content-Length"] = str(len(rendered.content))
        return rendered


def _operation_at(request: HttpRequest) -> ResolverMatch | None:
    if not request.path_info.startswith(PREFIX):
        return None
    try:
        match = get_resolver(get_urlconf()).resolve(request.path_info)
    except Resolver404:
        return None
    return match if getattr(match.func, "cls", None) is OperationView else None
