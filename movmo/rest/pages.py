"""What this door serves beside operations: the OpenAPI document, the reference page, and errors of paths it lacks."""

import hashlib
import sys
from functools import cache
from typing import Any

import orjson
import structlog
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.views import defaults
from django.views.decorators.http import require_safe

from movmo.kit import http
from movmo.kit.errors import DomainError, Internal, InvalidArguments
from movmo.operations import registry
from movmo.rest import errors, request_ids
from movmo.rest.lane import PREFIX
from movmo.rest.openapi import document
from movmo.rest.reference import page

log = structlog.get_logger()


@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    return _public(request, *_openapi("json"))


@require_safe
def openapi_yaml(request: HttpRequest) -> HttpResponse:
    return _public(request, *_openapi("yaml"))


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """The reference page; it needs no network but this server."""
    return render(request, "rest/reference.html", {"page": _reference()})


@cache
def _reference() -> Any:
    return page.build(document.build(registry.all_operations()))


@cache
def _openapi(spelling: str) -> tuple[bytes, str, str]:
    """Body, media type and entity tag, built once for the process: the registry does not change after start-up."""
    built = document.build(registry.all_operations())
    if spelling == "json":
        body, media_type = orjson.dumps(built, option=orjson.OPT_INDENT_2), "application/json"
    else:
        body, media_type = document.as_yaml(built).encode(), "application/yaml"
    return body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _public(request: HttpRequest, body: bytes, media_type: str, tag: str) -> HttpResponse:
    seen = [part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")]
    response = HttpResponseNotModified() if tag in seen or "*" in seen else HttpResponse(body, content_type=media_type)
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    if not request.path.startswith(PREFIX):
        return defaults.page_not_found(request, exception)
    return _refusal(request, errors.RouteUnknown(path=request.path[:200]))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: what Django itself finds suspicious."""
    if not request.path.startswith(PREFIX):
        return defaults.bad_request(request, exception)
    if isinstance(exception, DisallowedHost):
        return _refusal(request, http.HostNotAllowed())
    return _refusal(request, InvalidArguments({"": "The request's headers are not accepted here."}))


def crashed(request: HttpRequest) -> HttpResponse:
    """Django's handler500, for whatever breaks outside the view. It runs while the exception is being handled."""
    log.error("request.crashed", request_id=request_ids.of(request), path=request.path, exc_info=sys.exc_info())
    if not request.path.startswith(PREFIX):
        return defaults.server_error(request)
    return _refusal(request, Internal())


def _refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    request_id = request_ids.of(request)
    body = orjson.dumps(http.envelope(error, request_id), default=str)
    response = HttpResponse(body, status=http.status_of(error), content_type="application/json")
    response.headers[request_ids.HEADER] = request_id
    response.headers["Cache-Control"] = "no-store"
    return response
