"""What an input field holds is either harmless or masked wherever it is written down."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from movmo.kit.errors import DomainError
from movmo.operations.context import Caller
from movmo.operations.dispatch import dispatch
from movmo.operations.models import AuditEvent
from movmo.operations.redaction import is_redacted
from movmo.operations.spec import Operation
from tests.contract.arguments import arguments_for
from tests.contract.registry import EVERY_OPERATION, each, fields_of, models_in
from tests.contract.world import World, new_key, with_a_yes

pytestmark = pytest.mark.django_db

# Free text that is written down in clear: names of things, never of people. This list may only shrink.
CLEAR_TEXT = {"provider", "cursor"}
OF_A_PERSON = ("name", "birth", "email", "phone", "document", "passport", "address", "card")


def every_field() -> Iterator[tuple[str, FieldInfo]]:
    for operation in EVERY_OPERATION:
        yield from fields_of(operation.request_model)


def is_free_text(field: FieldInfo) -> bool:
    """A string without a pattern, or anything at all."""
    types = {field.annotation, *get_args(field.annotation)}
    has_pattern = any(getattr(mark, "pattern", None) for mark in field.metadata)
    return bool(types & {str, Any, dict}) and not has_pattern


def is_a_value(field: FieldInfo) -> bool:
    """A model says of each of its own fields what is told."""
    return not any(models_in(field.annotation))


def secrets_in(model: type[BaseModel], arguments: Any) -> Iterator[str]:
    """The text of every redacted field of these arguments."""
    for name, field in model.model_fields.items():
        if name in arguments and is_redacted(field):
            yield from texts(arguments[name])
        elif name in arguments:
            held = arguments[name] if isinstance(arguments[name], list) else [arguments[name]]
            for nested in models_in(field.annotation):
                for part in held:
                    yield from secrets_in(nested, part)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, str) and len(value) > 3:
        yield value


def test_free_text_is_redacted_but_for_the_names_of_things() -> None:
    in_clear = {name for name, field in every_field() if is_free_text(field) and not is_redacted(field)}
    assert in_clear == CLEAR_TEXT, (
        "free text is written to the audit trail: mark it Annotated[str, Redacted] (movmo.operations.redaction), give "
        "it a pattern, or, if it names a thing and never a person, add it to CLEAR_TEXT"
    )


@pytest.mark.parametrize("word", OF_A_PERSON)
def test_whatever_is_of_a_person_is_redacted(word: str) -> None:
    named = [name for name, field in every_field() if word in name and is_a_value(field) and not is_redacted(field)]
    assert [name for name in named if not name.endswith("_id")] == []


@each([operation for operation in EVERY_OPERATION if operation.tool or not operation.is_read])
@pytest.mark.parametrize("breaks", [False, True], ids=["done", "refused"])
def test_no_secret_of_its_arguments_is_in_the_audit_trail(
    operation: Operation, breaks: bool, world: World, ana_by_scout: Caller
) -> None:
    arguments = arguments_for(operation.name, world)
    AuditEvent.objects.all().delete()
    wrong = {"no_such_field": 1} if breaks else {}
    try:
        caller = ana_by_scout if operation.tool else world.caller
        with_a_yes(partial(dispatch, operation, caller, {**arguments, **wrong}, new_key()))
    except DomainError:
        assert breaks
    written = repr(list(AuditEvent.objects.values()))
    assert AuditEvent.objects.exists()
    assert [secret for secret in secrets_in(operation.request_model, arguments) if is_told(secret, written)] == []


def is_told(secret: str, written: str) -> bool:
    """A short secret (a flight's number) counts as a word of its own: any id may hold its digits by chance."""
    if len(secret) > 8:
        return secret in written
    return re.search(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", written) is not None


def test_a_short_secret_is_found_as_a_word_and_not_within_an_id() -> None:
    assert is_told("1846", "{'number': '1846'}")
    assert not is_told("1846", "UUID('01a1fdc6-1846-725b-9184-6000468c0c34')")


@each(EVERY_OPERATION)
def test_every_example_of_a_field_is_valid(operation: Operation) -> None:
    for name, field in fields_of(operation.request_model):
        for example in field.examples or []:
            adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
            assert adapter.validate_json(TypeAdapter(Any).dump_json(example)) is not None or example is None, name
