"""The watch over what is written would notice."""

from collections.abc import Iterator
from functools import partial

import pytest
from django.db import connection

from movmo.accounts.models import User
from movmo.operations import registry
from movmo.operations.context import Caller
from movmo.operations.dispatch import dispatch
from movmo.sandbox_vault.app import SandboxVault
from tests import clear_text
from tests.contract.arguments import arguments_for
from tests.contract.world import World, new_key, with_a_yes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("text", ["4242 4242 4242 4242", "NX4P87L21", '{"number": "5555555555554444"}'])
def test_a_number_in_clear_is_noticed(ana: User, text: str) -> None:
    User.objects.filter(pk=ana.pk).update(first_name=text)
    assert len(clear_text._found) == 1
    clear_text._found.clear()


def test_many_rows_at_once_are_looked_at(db: None) -> None:
    with connection.cursor() as cursor:
        statement = "UPDATE usage_plan SET name = %s WHERE name = %s"
        cursor.executemany(statement, [("a", "b"), ("4242424242424242", "b")])
    assert len(clear_text._found) == 1
    clear_text._found.clear()


def test_anything_else_is_not(ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(first_name="4242424242424241")
    assert clear_text._found == []


def test_a_dump_after_every_operation_holds_no_number(
    world: World, ana_by_scout: Caller, the_vault: SandboxVault
) -> None:
    """Everything that can be asked is asked once, by a partner or an agent; then every value of every table is read."""
    for operation in registry.all_operations():
        caller = ana_by_scout if operation.tool else world.caller
        key = None if operation.is_read else new_key()
        with_a_yes(partial(dispatch, operation, caller, arguments_for(operation.name, world), key))
    values = [text for row in _every_row() for text in clear_text._texts(row)]
    assert any("ana@example.com" in text for text in values), "the dump was read"
    assert [text[:40] for text in values if clear_text._is_in_clear(text)] == []


def _every_row() -> Iterator[tuple[object, ...]]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            yield from cursor.fetchall()
