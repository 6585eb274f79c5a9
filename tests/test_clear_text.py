"""The watch over what is written would notice."""

import pytest
from django.db import connection

from movmo.accounts.models import User
from tests import clear_text

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
