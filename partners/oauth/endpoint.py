"""What the endpoints of the authorization server have in common: where they say they are, and how they refuse."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.views.generic import View

log = structlog.get_logger()


class AtOrigin(View):
    """The library builds addresses and audiences from the request: give it ours, whatever the Host header said.

    In `setup`, because an overridden `dispatch` would lose the library's `csrf_exempt`.
    """

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        origin = urlsplit(settings.ORIGIN)
        request.META |= {"HTTP_HOST": origin.netloc, "wsgi.url_scheme": origin.scheme}
        super().setup(request, *args, **kwargs)


def as_json(response: HttpResponse) -> HttpResponse:
    """RFC 6749, section 5: JSON, and never cached. The library's late errors leave as text/html."""
    response["Content-Type"] = "application/json"
    response["Cache-Control"] = "no-store"
    return response


def refusal(error: str, description: str, status: int = 400) -> HttpResponse:
    return as_json(JsonResponse({"error": error, "error_description": description}, status=status))


def alone(answer: Callable[[], HttpResponse]) -> HttpResponse:
    """An answer in one transaction, in which it takes its locks. Who waits too long for one is told to return."""
    try:
        with transaction.atomic():
            return as_json(answer())
    except OperationalError as failure:
        log.warning("oauth.busy", failure=type(failure).__name__)
        busy = refusal("temporarily_unavailable", "Too many requests are being answered; try again in a second.", 503)
        busy["Retry-After"] = "1"
        return busy


def fault(parameters: QueryDict) -> str | None:
    """What is wrong with parameters before anybody asks what they mean: a sentence, or None.

    PostgreSQL keeps no NUL in a text and fails over one, and nothing that is right here contains any. What is there
    twice (RFC 6749, section 3.1) may be read one way here and another way by whoever else looks; `resource` may be.
    """
    for name, values in parameters.lists():
        if any("\0" in text for text in (name, *values)):
            return "A parameter contains a NUL character."
        if len(values) > 1 and name != "resource":
            return f"The parameter {name[:40]} is there more than once."
        if name == "redirect_uri" and not values[0].isprintable():
            return "The redirect_uri contains a control character."  # the library's comparison passes over line ends
    return None
