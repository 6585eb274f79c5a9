"""A compiled read tells what the manager would."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection

from bookings.passenger.models import Passenger
from movmo.kit.clock import now
from movmo.kit.compiled import CompiledGet
from movmo.kit.ids import new_id
from tests import factories


@pytest.fixture
def ana() -> Passenger:
    return Passenger.objects.create(
        user=factories.traveler("ana@example.com"),
        given_name="Ana",
        family_name="Müller",
        birth_date="1988-04-12",
        gender="F",
        created_at=now(),
    )


def values(passenger: Passenger) -> dict[str, object]:
    return {field.attname: getattr(passenger, field.attname) for field in Passenger._meta.concrete_fields}


@pytest.mark.django_db
def test_a_row_is_read_whole_and_as_django_reads_it(ana: Passenger) -> None:
    found = CompiledGet(Passenger, "id", "user")(ana.id, ana.user_id)
    assert found is not None
    assert values(found) == values(Passenger.objects.get(pk=ana.pk))
    assert not found._state.adding


@pytest.mark.django_db
@pytest.mark.parametrize("of", [lambda ana: (new_id(), ana.user_id), lambda ana: (ana.id, new_id())])
def test_both_values_must_hold(ana: Passenger, of: Callable[[Passenger], tuple[UUID, UUID]]) -> None:
    assert CompiledGet(Passenger, "id", "user")(*of(ana)) is None


@pytest.mark.django_db(transaction=True)
def test_each_thread_reads_over_its_own_connection(ana: Passenger) -> None:
    get = CompiledGet(Passenger, "id", "user")

    def read() -> object:
        try:
            return get(ana.id, ana.user_id)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert [pool.submit(read).result() for _ in range(8)] == [ana] * 8
