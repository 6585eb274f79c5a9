"""The one view: a credential becomes a Caller, the pipeline runs, its answer is rendered. No rule is here."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, cast

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from movmo.kit import http
from movmo.kit.errors import DomainError, Internal, Kind
from movmo.operations.context import Caller
from movmo.operations.credentials import Credentials
from movmo.operations.dispatch import Answer, dispatch, refuse
from movmo.operations.scopes import InsufficientScope
from movmo.operations.spec import Operation
from movmo.rest import allowances, errors, raw, request_ids, versions, whole
from movmo.rest.credentials import KeyAndBearer
from movmo.rest.location import location_of
from movmo.rest.media import JSON, JsonNegotiation, JsonParser, JsonRenderer, prefers_lines

log = structlog.get_logger()

POLL_SECONDS = "2"
RENDERER = JsonRenderer()
NEGOTIATOR = JsonNegotiation()
# Shared by all requests, as none of them holds state: DRF would build each anew for every request.
PARSERS = (JsonParser(),)


class OperationView(APIView):
    """One path of the API. `operations` maps its methods; `credentials` knows keys and tokens."""

    operations: ClassVar[Mapping[str, Operation]] = {}
    credentials: ClassVar[Credentials | None] = None
    http_method_names = ["get", "head", "post", "put", "delete"]
    metadata_class = None

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        assert self.credentials is not None
        return Request(
            request,
            parsers=PARSERS,
            authenticators=(KeyAndBearer(self.credentials),),
            negotiator=NEGOTIATOR,
            parser_context={"view": self, "kwargs": kwargs},
        )

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whatever can refuse a request before its body is read."""
        if not self._is_whole(request):
            NEGOTIATOR.select_renderer(request, (RENDERER,))
        if request.method not in self.operations:
            raise http.MethodNotAllowed(method=request.method)
        http.refuse_declared_excess(request._request.META.get("CONTENT_LENGTH"), limit=self.max_body)
        self.perform_authentication(request)

    @property
    def max_body(self) -> int:
        return self.operations[self.request.method or ""].max_body

    def _is_whole(self, request: Request) -> bool:
        """Whether a list is asked for as JSON Lines, which has them."""
        operation = self.operations.get(request.method or "")
        return operation is not None and operation.whole is not None and prefers_lines(request._request)

    def answer(self, request: Request, **path: str) -> HttpResponseBase:
        """Run the operation of this method."""
        operation = self.operations[request.method or ""]
        caller = cast(Caller, request.auth)
        arguments = _arguments(operation, caller, request, path)
        if self._is_whole(request):
            return whole.stream(lambda: dispatch(operation.as_whole, caller, arguments), partial(_headers, operation))
        answer = dispatch(operation, caller, arguments, request._request.META.get("HTTP_IDEMPOTENCY_KEY"))
        view = None if answer.status == 204 else answer.view
        headers = _headers(operation, answer)
        if answer.replayed:
            headers["Idempotency-Replayed"] = "true"
        if answer.status == 202:
            headers["Retry-After"] = POLL_SECONDS
        if answer.status in (201, 202) and (location := location_of(operation, answer.view, path)):
            headers["Location"] = location
        return Response(view, status=answer.status, headers=headers)

    get = head = post = put = delete = answer

    def handle_exception(self, exc: Exception) -> Response:
        """Every refusal in the envelope; anything else is ours, and only the log hears what it was."""
        request_id = request_ids.of(self.request._request)
        if not isinstance(exc, DomainError):
            log.error("rest.crashed", request_id=request_id, path=self.request.path, exc_info=exc)
            exc = Internal()
        headers = errors.headers(exc)
        if operation := self.operations.get(self.request.method or ""):
            headers |= versions.headers(operation)
        if isinstance(exc, http.MethodNotAllowed):
            headers["Allow"] = ", ".join(self.operations)
        if exc.kind is Kind.UNAUTHENTICATED or isinstance(exc, InsufficientScope):
            headers["WWW-Authenticate"] = self._challenge(exc)
        return Response(http.envelope(exc, request_id), status=http.status_of(exc), headers=headers)

    def _challenge(self, refusal: DomainError) -> str:
        """RFC 6750: no error code where no token was sent, so that a client begins rather than discards."""
        assert self.credentials is not None
        operation = self.operations[self.request.method or ""]
        error = None
        if isinstance(refusal, InsufficientScope):
            error = InsufficientScope.code
        elif refusal.code.startswith("token_") and "HTTP_AUTHORIZATION" in self.request._request.META:
            error = "invalid_token"
        return self.credentials.challenge(error, operation.scopes, "rest", refusal.text if error else None)

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if isinstance(response, Response):
            response.accepted_renderer = RENDERER
            response.accepted_media_type = JSON
            response.renderer_context = {}  # type: ignore[attr-defined]
        response.headers[request_ids.HEADER] = request_ids.of(request._request)
        response.headers["Cache-Control"] = "no-store"
        return response


def _headers(operation: Operation, answer: Answer) -> dict[str, str]:
    return allowances.headers(answer.limits) | versions.headers(operation)


def _arguments(operation: Operation, caller: Caller, request: Request, path: Mapping[str, str]) -> Mapping[str, Any]:
    """What the request says. Raises DomainError for a query that cannot be told as arguments."""
    if operation.rest.method not in ("GET", "DELETE"):
        return raw.BodyArguments(request, path, limit=operation.max_body)
    try:
        return raw.from_url(operation, request, path)
    except DomainError as refusal:
        refuse(operation, caller, refusal)
        raise
