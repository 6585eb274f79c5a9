"""A declaration that leaves a door guessing does not start."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.core.checks import run_checks
from pydantic import BaseModel, Field

from movmo.operations import registry
from movmo.operations.checks import check_operations, undescribed
from movmo.operations.context import Context, NoArguments, Request, View
from movmo.operations.spec import GET, POST, Credentials, Deprecation, Effect, Idempotency, Rows
from tests.operations import toys


class Inner(BaseModel):
    said: str = Field(description="Described.")
    unsaid: str


class Undescribed(Request):
    inner: Inner = Field(description="Described itself.")
    many: list[Inner] = Field(description="Described itself.")
    plain: str


def takes_undescribed_fields(ctx: Context, request: Undescribed) -> View:
    """Take a field nobody knows

    It has no description.
    """
    return View()


def has_a_title_only(ctx: Context, request: NoArguments) -> View:
    """Has a title only"""
    return View()


WRONG: dict[str, tuple[Any, dict[str, Any]]] = {
    "movmo.E001": (toys.write, {"scopes": ()}),
    "movmo.E002": (toys.write, {"scopes": ("offers:eat",)}),
    "movmo.E003": (has_a_title_only, {}),
    "movmo.E004": (toys.write, {"errors": ()}),
    "movmo.E005": (toys.write, {"advance": toys.write, "idempotency": Idempotency.OPTIONAL}),
    "movmo.E006": (toys.read, {"effect": Effect.READ, "idempotency": Idempotency.REQUIRED, "rest": GET("/v1/notes")}),
    "movmo.E007": (takes_undescribed_fields, {}),
    "movmo.E009": (
        toys.read,
        {"effect": Effect.READ, "idempotency": Idempotency.NONE, "rest": GET("/v1/notes"), "ask": toys.write},
    ),
    "movmo.E011": (toys.write, {"deprecated": Deprecation("write_v9", date(2027, 1, 1), date(2028, 1, 1))}),
    "movmo.E012": (toys.write, {"deprecated": Deprecation("write", date(2027, 1, 1), date(2027, 3, 1))}),
    "movmo.E014": (toys.write, {"readable": True}),
    "movmo.E015": (
        toys.read,
        {
            "effect": Effect.READ,
            "idempotency": Idempotency.NONE,
            "rest": GET("/v1/notes"),
            "rows": Rows("note_id", title="{name}", query="typed"),
        },
    ),
    "movmo.E008": (toys.read, {"effect": Effect.READ, "idempotency": Idempotency.NONE, "rest": POST("/v1/notes")}),
}


@pytest.mark.parametrize("code", sorted(WRONG))
@pytest.mark.usefixtures("bare_registry")
def test_a_wrong_declaration_is_refused(code: str) -> None:
    handler, changes = WRONG[code]
    registry.register(toys.operation(handler, **changes))
    assert {found.id for found in check_operations()} == {code}


@pytest.mark.usefixtures("bare_registry")
def test_a_right_declaration_passes() -> None:
    registry.register(toys.FILE)
    registry.register(toys.READ)
    assert check_operations() == []


@pytest.mark.usefixtures("bare_registry")
def test_a_key_only_read_needs_neither_scope_nor_errors() -> None:
    registry.register(replace(toys.READ, needs=Credentials.KEY, scopes=(), errors=()))
    assert check_operations() == []


def test_nested_fields_without_description_are_named_by_their_path() -> None:
    assert undescribed(Undescribed) == ["inner.unsaid", "many.unsaid", "plain"]


def test_the_declared_operations_pass_every_system_check() -> None:
    assert run_checks() == []
