"""What the endpoints of the authorization server have in common: where they say they are, and how they refuse."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.views.generic import View


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
    return None
