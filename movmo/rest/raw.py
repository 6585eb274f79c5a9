"""Raw arguments: what a request says, before any of it is judged. Judging them is the pipeline's parse step."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast, get_args, get_origin

from django.core.exceptions import TooManyFieldsSent
from django.http import QueryDict
from pydantic import BaseModel
from rest_framework.exceptions import UnsupportedMediaType as NoParser
from rest_framework.request import Request

from movmo.kit.errors import InvalidArguments
from movmo.kit.http import UnsupportedMediaType
from movmo.operations.arguments import StringArguments
from movmo.operations.spec import Operation
from movmo.rest.errors import TooManyParameters
from movmo.rest.media import admit_chunked

NO_QUERY = QueryDict()


def from_url(operation: Operation, request: Request, path: Mapping[str, str]) -> StringArguments:
    """Path and query. Only a field that holds a list may come more than once. Raises InvalidArguments."""
    found = StringArguments(path)
    lists = _list_fields(operation.request_model)
    refused: dict[str, str] = {}
    for name, values in _query(request).lists():
        if name in path:
            refused[f"/{name}"] = "The path says this already."
        elif name in lists:
            found[name] = values
        elif len(values) > 1:
            refused[f"/{name}"] = "This parameter may come only once."
        else:
            found[name] = values[0]
    if refused:
        raise InvalidArguments(refused)
    return found


def _query(request: Request) -> QueryDict:
    """Raises TooManyParameters."""
    if not request._request.META.get("QUERY_STRING"):
        return NO_QUERY
    try:
        return request._request.GET
    except TooManyFieldsSent:
        raise TooManyParameters from None


@cache
def _list_fields(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(name for name, field in model.model_fields.items() if _holds_list(field.annotation))


def _holds_list(annotation: Any) -> bool:
    kinds = (list, tuple, set, frozenset)
    return get_origin(annotation) in kinds or any(get_origin(option) in kinds for option in get_args(annotation))


class BodyArguments(Mapping[str, Any]):
    """Path and body of a write, read when the pipeline parses.

    Not before: a body costs nothing until its caller is authorized and counted, and its refusal is audited like any.
    """

    def __init__(self, request: Request, path: Mapping[str, str], *, limit: int) -> None:
        self._request = request
        self._path = path
        self._limit = limit
        self._values: dict[str, Any] | None = None

    def __getitem__(self, name: str) -> Any:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[str, Any]:
        if self._values is None:
            self._values = {**_body(self._request, self._path, self._limit), **self._path}
        return self._values


def _body(request: Request, path: Mapping[str, str], limit: int) -> dict[str, Any]:
    """Raises MalformedJson, BodyTooLarge, UnsupportedMediaType or InvalidArguments."""
    if query := _query(request):
        raise InvalidArguments({f"/{name}": "Fields of a write go into its body." for name in query})
    admit_chunked(request._request, limit=limit)
    try:
        body = cast(dict[str, Any], request.data)  # the parser refuses anything but an object
    except NoParser:
        raise UnsupportedMediaType(media_type=(request.content_type or "(none)")[:80]) from None
    if disagreeing := [name for name in path if name in body and str(body[name]) != path[name]]:
        raise InvalidArguments({f"/{name}": "The path of this request says otherwise." for name in disagreeing})
    return body
