"""System checks over the registry: a declaration that leaves a door guessing does not start."""

from collections.abc import Iterator
from datetime import timedelta
from string import Formatter
from typing import Any, get_args

from django.core.checks import CheckMessage, Error, register
from pydantic import BaseModel

from movmo.kit import clock
from movmo.operations import published, registry
from movmo.operations.scopes import SCOPES
from movmo.operations.spec import Credentials, Deprecation, Idempotency, Operation, Rows

CREATED = 201
SHORTEST_NOTICE = timedelta(days=180)


@register()
def check_operations(**_: Any) -> list[CheckMessage]:
    return [
        Error(problem, obj=operation.name, id=code)
        for operation in registry.all_operations()
        for code, problem in _problems(operation)
    ]


@register()
def check_published(**_: Any) -> list[CheckMessage]:
    """What was published is served until the day that its callers were told."""
    today = clock.now().date()
    gone = {
        name: sunset
        for name, sunset in published.known().items()
        if registry.get(name) is None and (sunset is None or today <= sunset)
    }
    return [
        Error(
            f"was published and is gone; {f'its sunset is {sunset}' if sunset else 'it was never deprecated'}",
            hint="Declare it again, deprecated, and remove it after its sunset.",
            obj=name,
            id="movmo.E010",
        )
        for name, sunset in gone.items()
    ]


def _problems(operation: Operation) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    by_key_alone = operation.needs is Credentials.KEY and (operation.is_read or not operation.tool)
    if not operation.scopes and not by_key_alone:
        found.append(("movmo.E001", "needs at least one scope"))
    if unknown := [scope for scope in operation.scopes if scope not in SCOPES]:
        found.append(("movmo.E002", f"names unknown scopes: {unknown}"))
    if not operation.title or not operation.description:
        found.append(("movmo.E003", "needs a docstring of a title line and a description"))
    if not operation.errors and not (operation.is_read and operation.needs is Credentials.KEY):
        found.append(("movmo.E004", "declares no errors"))
    if operation.is_saga and operation.idempotency is not Idempotency.REQUIRED:
        found.append(("movmo.E005", "is a saga, which must require an idempotency key"))
    found += _problems_of_kind(operation)
    found += [
        ("movmo.E007", f"input field {name!r} has no description") for name in undescribed(operation.request_model)
    ]
    return found


def _problems_of_kind(operation: Operation) -> Iterator[tuple[str, str]]:
    if operation.ask is not None and (operation.is_read or operation.is_saga):
        yield "movmo.E009", "asks a provider before a local write, which it is not"
    if operation.is_irreversible and operation.propose is None:
        yield "movmo.E013", "cannot be undone, and tells no person what they are asked: give it `propose`"
    if operation.readable and (operation.tool or operation.resource is None or not operation.is_read):
        yield "movmo.E014", "is readable, which is for reads of a resource that have no tool"
    if operation.rows is not None and (unknown := _unknown_to_rows(operation, operation.rows)):
        yield "movmo.E015", f"speaks of its rows by names that there are not: {unknown}"
    if operation.deprecated is not None:
        yield from _problems_of_deprecation(operation.deprecated)
    if operation.is_read and operation.idempotency is not Idempotency.NONE:
        yield "movmo.E006", "is a read and cannot take an idempotency key"
    if operation.is_read and operation.rest.status == CREATED:
        yield "movmo.E008", "is a read and answers 201 Created; give its route status=200"


def _problems_of_deprecation(deprecated: Deprecation) -> Iterator[tuple[str, str]]:
    if registry.get(deprecated.successor) is None:
        yield "movmo.E011", f"is followed by {deprecated.successor}, which there is not"
    if deprecated.sunset - deprecated.since < SHORTEST_NOTICE:
        yield "movmo.E012", f"gives its callers less than {SHORTEST_NOTICE.days} days"


def _unknown_to_rows(operation: Operation, rows: Rows) -> list[str]:
    """The names that a list's `rows` use and neither its rows nor its arguments have."""
    listed = operation.result_model.model_fields.get("data")
    known = {name for model in _models_in(listed.annotation if listed else None) for name in model.model_fields}
    named = {rows.field} | {name for _, name, _, _ in Formatter().parse(rows.title) if name}
    unknown = sorted(named - known)
    if rows.query is not None:
        unknown += sorted({rows.query} - set(operation.request_model.model_fields))
        unknown += sorted({"total"} - set(operation.result_model.model_fields))
    return unknown


def undescribed(model: type[BaseModel], path: str = "") -> list[str]:
    """The dotted names of a request model's fields that carry no description, nested models included."""
    missing: list[str] = []
    for name, field in model.model_fields.items():
        if not field.description:
            missing.append(path + name)
        for nested in _models_in(field.annotation):
            missing += undescribed(nested, f"{path}{name}.")
    return missing


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """`list[Inner] | None` → Inner."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
