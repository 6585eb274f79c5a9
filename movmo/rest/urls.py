"""The routes of this door, from the registry: one view for each path, whatever its methods."""

import re
from collections.abc import Iterable

from django.urls import URLPattern, path

from movmo.operations import registry
from movmo.operations.credentials import Credentials
from movmo.operations.spec import Operation
from movmo.rest import pages
from movmo.rest.location import PARAMETER
from movmo.rest.views import OperationView
from partners import authentication


class RouteShadowed(Exception):
    """Two paths of one shape spell their parameters differently: the second would never be reached."""


def routes(operations: Iterable[Operation], credentials: Credentials) -> list[URLPattern]:
    """URL patterns for the operations, literal segments before parameters, so that `/users/me` is not a `{user_id}`."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        methods = by_path.setdefault(operation.rest.path, {})
        methods[operation.rest.method] = operation
        if operation.rest.method == "GET":
            methods["HEAD"] = operation
    _refuse_shadows(by_path)
    return [
        path(_pattern(template), OperationView.as_view(operations=by_path[template], credentials=credentials))
        for template in sorted(by_path, key=_literals_first)
    ]


def _refuse_shadows(templates: Iterable[str]) -> None:
    shapes: dict[str, str] = {}
    for template in templates:
        known = shapes.setdefault(re.sub(PARAMETER, "{}", template), template)
        if known != template:
            raise RouteShadowed(f"{template} has the shape of {known}; name their parameters alike")


def _literals_first(template: str) -> list[tuple[bool, str]]:
    return [(bool(PARAMETER.search(segment)), segment) for segment in template.split("/")]


def _pattern(template: str) -> str:
    return re.sub(PARAMETER, r"<str:\1>", template.removeprefix("/"))


urlpatterns = [
    *routes(registry.all_operations(), authentication),
    path("openapi.json", pages.openapi_json, name="openapi_json"),
    path("openapi.yaml", pages.openapi_yaml, name="openapi_yaml"),
    path("docs", pages.reference, name="reference"),
]
