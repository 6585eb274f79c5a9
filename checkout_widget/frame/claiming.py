"""POST /claim: a frame that has the client secret takes the session over, and works with a token from then on."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from checkout_widget.frame import standing
from checkout_widget.frame.refusals import OriginForeign, TooManyClaims
from checkout_widget.session import services, steps
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.refusals import ClientSecretInvalid
from movmo.accounts import limits
from movmo.kit import clock, http
from movmo.kit.errors import DomainError, InvalidArguments, NotFound
from movmo.operations.dispatch import waiting_for_locks

CLAIMS_PER_HOUR = 60
"""Of one session from one network, by whoever has its secret: each time the frame is loaded is one."""
WRONG_PER_HOUR = 60
"""Of one network, for all sessions together. No frame sends a wrong secret by itself. They are counted apart from the
right ones: whoever has the secret gets in, whatever strangers behind the same address try."""


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class Claim(View):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except DomainError as refusal:
            told = http.envelope(refusal, http.request_id(request.headers.get("X-Request-Id")))
            answer = JsonResponse(told, status=http.status_of(refusal))
            if refusal.retry_after is not None:
                answer["Retry-After"] = str(refusal.retry_after)
            return answer

    def post(self, request: HttpRequest, session_id: UUID, **_: Any) -> HttpResponse:
        _check_sender(request)
        session, bearer = claim(request, session_id, _secret_in(request))
        told = {"bearer": bearer, "status": steps.state_of(session, now=clock.now())}
        return JsonResponse(told | {"step": _step(request, session)})


def claim(request: HttpRequest, session_id: UUID, client_secret: str) -> tuple[CheckoutSession, str]:
    """Raises TooManyClaims or Contended, and what services.claim refuses."""
    network = limits.network_of(request)
    try:
        services.opened_with(session_id, client_secret)
    except (NotFound, ClientSecretInvalid):
        _take("wrong claims", network, an_hour=WRONG_PER_HOUR)
        raise
    _take("claims", f"{session_id} {network}", an_hour=CLAIMS_PER_HOUR)
    with waiting_for_locks():
        return services.claim(session_id, client_secret, now=clock.now())


def _take(what: str, who: str, *, an_hour: int) -> None:
    """Raises TooManyClaims."""
    if wait := limits.wait(what, who, an_hour=an_hour):
        raise TooManyClaims(retry_after=wait)


def _step(request: HttpRequest, session: CheckoutSession) -> str:
    """What /step would answer: to ask for it would take another way there and back before anybody can type."""
    view = standing.Step(session=session)
    view.setup(request, session_id=session.pk)
    request.method = "GET"
    shown = view.answer(request, session_id=session.pk)
    return shown.content.decode() if isinstance(shown, HttpResponse) else ""


def _check_sender(request: HttpRequest) -> None:
    """A claim comes from the frame's own page. Another page that holds the secret could not read the answer, and it
    would end the frame before all the same. Raises OriginForeign or UnsupportedMediaType.
    """
    origin = request.headers.get("Origin")
    if origin is not None and origin != settings.ORIGIN and origin.partition("://")[2] != request.get_host():
        raise OriginForeign
    if request.content_type != "application/json":
        raise http.UnsupportedMediaType(media_type=request.content_type or "none")


def _secret_in(request: HttpRequest) -> str:
    """Raises MalformedJson or InvalidArguments."""
    body = http.read_json(request.body)
    secret = body.get("client_secret") if isinstance(body, dict) else None
    if not isinstance(secret, str):
        raise InvalidArguments({"/client_secret": "Send the client secret of the session."})
    return secret
