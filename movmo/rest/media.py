"""JSON in, JSON out: DRF's parser, renderer and negotiation, reduced to the one media type of this API."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import IO, Any

import orjson
from django.core.handlers.wsgi import LimitedStream
from django.http import HttpRequest
from pydantic import BaseModel
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches

from movmo.kit.http import MAX_BODY, BodyTooLarge, MalformedJson, NotAcceptable, read_json
from movmo.operations import registry

JSON = "application/json"
LINES = "application/jsonl"


class JsonParser(BaseParser):
    """One JSON object. Of a key that comes twice the last one counts; NaN and Infinity are refused."""

    media_type = JSON

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Raises BodyTooLarge or MalformedJson."""
        limit: int = parser_context["view"].max_body if parser_context else MAX_BODY
        text = stream.read(limit + 1)
        if len(text) > limit:
            raise BodyTooLarge(limit=limit)
        value = read_json(text)
        if not isinstance(value, dict):
            raise MalformedJson(reason="it is JSON, but not an object")
        return value


class JsonRenderer(BaseRenderer):
    """A pydantic view goes out through its own serializer, anything else through orjson."""

    media_type = JSON
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if data is None:
            return b""
        if isinstance(data, BaseModel):
            return data.__pydantic_serializer__.to_json(data)
        return orjson.dumps(data, default=str)


class JsonNegotiation(BaseContentNegotiation):
    """Takes any `Accept` that JSON satisfies."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        return next((known for known in parsers if media_type_matches(known.media_type, request.content_type)), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Raises NotAcceptable."""
        accept = request._request.META.get("HTTP_ACCEPT", "*/*")
        if accept in ("*/*", JSON) or any(_takes_json(part) for part in accept.split(",")):
            return next(iter(renderers)), JSON
        raise NotAcceptable(media_types=JSON)


def prefers_lines(request: HttpRequest) -> bool:
    """Whether `Accept` names JSON Lines and likes nothing better that we have; a wildcard means JSON."""
    accept = request.META.get("HTTP_ACCEPT", "")
    if LINES not in accept:
        return False
    wanted = dict(map(_quality, accept.split(",")))
    return 0 < wanted.get(LINES, 0) >= wanted.get(JSON, 0)


def _quality(media_range: str) -> tuple[str, float]:
    """One element of an `Accept` header and its quality; one that is no number counts as none."""
    kind, *parameters = (part.strip().lower() for part in media_range.split(";"))
    told = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    return kind, float(told) if told.replace(".", "", 1).isdecimal() else 0.0


def _takes_json(media_range: str) -> bool:
    """Whether one element of an `Accept` header (RFC 9110, 12.5.1) takes JSON; a quality of 0 means it does not."""
    kind, *parameters = (part.strip().lower() for part in media_range.split(";"))
    if kind not in ("*/*", "application/*", JSON):
        return False
    qualities = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
    return not any(quality.strip("0.") == "" for quality in qualities)


def largest_body(path: str) -> int:
    """How many bytes a request to a path may have, whatever its method: known before anything is read of it."""
    return _largest_bodies().get(path, MAX_BODY)


@cache
def _largest_bodies() -> dict[str, int]:
    return {one.rest.path: one.max_body for one in registry.all_operations() if one.max_body > MAX_BODY}


def admit_chunked(request: HttpRequest, *, limit: int) -> None:
    """Let a body of undeclared length in: several HTTP clients send one by default.

    Django's WSGI request takes a missing `Content-Length` for an empty body. The servers this runs on end the input
    where the chunked body ends, so it is safe to read on, one byte past the limit at most.
    """
    if request.META.get("CONTENT_LENGTH") or "chunked" not in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        return
    source = request.META.get("wsgi.input")
    if source is not None:
        request._stream = LimitedStream(source, limit + 1)  # type: ignore[assignment]
        request.META["CONTENT_LENGTH"] = str(limit + 1)
