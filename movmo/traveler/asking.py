"""From a signed-in person to the pipeline and back."""

from typing import Any

from django.http import HttpRequest

from movmo.accounts.models import User
from movmo.kit import http
from movmo.operations import registry
from movmo.operations.context import Caller, Door
from movmo.operations.dispatch import Answer, dispatch
from movmo.operations.scopes import SCOPES

EVERY_SCOPE = frozenset(SCOPES)


def caller_of(request: HttpRequest) -> Caller:
    """The person themselves: nobody had to grant them anything."""
    assert isinstance(request.user, User)
    return Caller(
        door=Door.PAGES,
        user_id=request.user.pk,
        scopes=EVERY_SCOPE,
        request_id=http.request_id(request.headers.get("X-Request-Id")),
    )


def ask(request: HttpRequest, operation_name: str, arguments: dict[str, Any], key: str | None = None) -> Answer:
    """Run an operation for the person. Raises DomainError."""
    operation = registry.get(operation_name)
    assert operation is not None
    return dispatch(operation, caller_of(request), arguments, key)


def told(request: HttpRequest, operation_name: str, **arguments: Any) -> dict[str, Any]:
    """What a read tells, as values for a template. Raises DomainError."""
    return ask(request, operation_name, arguments).view.model_dump()
