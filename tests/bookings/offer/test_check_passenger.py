"""POST /v1/flights/providers/{provider}/offers/{offer_id}/passengers/check: somebody who is being typed in."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.offer.schemas import OfferView, PassengerCheck
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.models import Passenger
from movmo.kit import clock
from movmo.kit.errors import DomainError, NotFound
from movmo.operations.context import Caller
from movmo.operations.models import AuditEvent
from tests.clear_text import tells_the_card
from tests.contract.world import PASSPORT, World, born, departure_date, view_of

pytestmark = pytest.mark.django_db
GOOD: dict[str, Any] = {
    "given_name": "Zoë",
    "family_name": "O'Neill-Müller",
    "gender": "F",
    "birth_date": born("ADT").isoformat(),
}


@pytest.fixture
def bo_s_world(bo_at_aviare: Caller) -> World:
    return World(bo_at_aviare)


def checked(world: World, offer: OfferView, *, document: dict[str, Any] | None = None, **person: Any) -> PassengerCheck:
    named = {"provider": "sandbox", "offer_id": str(offer.offer_id), "slot_id": str(offer.passengers[0].slot_id)}
    typed = {"person": person, "document": document or {}}
    return view_of(PassengerCheck, world.call("check_passenger", **named, **typed))


def codes(found: PassengerCheck) -> dict[str, str]:
    return {one.pointer: one.code for one in found.complaints}


def test_how_the_ticket_will_spell_it(world: World) -> None:
    found = checked(world, world.offer(), **GOOD)
    assert (found.given_name_as_ticketed, found.family_name_as_ticketed) == ("ZOE", "ONEILL MUELLER")
    assert (found.complaints, found.traveler_type) == ([], "ADT")


def test_what_is_not_there_yet_is_no_mistake(world: World) -> None:
    assert checked(world, world.offer()).complaints == []
    found = checked(world, world.offer(), given_name="Zoë")
    assert (found.complaints, found.family_name_as_ticketed, found.traveler_type) == ([], None, None)


@pytest.mark.parametrize(
    ("field", "typed", "code"),
    [
        ("given_name", "R2D2", "name_invalid"),
        ("given_name", "x" * 101, "validation_failed"),
        ("family_name", "a" * 60, "name_invalid"),
        ("family_name", "Ana 🙂", "name_invalid"),
        ("family_name", "Ana\u202eB", "name_invalid"),
        ("birth_date", "1990-02-30", "validation_failed"),
        ("birth_date", "1890-01-01", "validation_failed"),
        ("birth_date", "2190-01-01", "validation_failed"),
        ("birth_date", born("CHD").isoformat(), "passenger_type_mismatch"),
        ("gender", "Q", "validation_failed"),
        ("email", "ana@", "validation_failed"),
        ("phone_number", "0151 123", "validation_failed"),
    ],
)
def test_the_check_refuses_what_saving_and_seating_refuse(world: World, field: str, typed: str, code: str) -> None:
    """The same value, once typed and once sent to be saved and seated."""
    offer = world.offer()
    found = checked(world, offer, **{**GOOD, field: typed})
    assert codes(found) == {f"/person/{field}": code}
    with pytest.raises(DomainError) as refused:
        world.map(offer, 0, world.passenger("ADT", **{**GOOD, field: typed}))
    assert refused.value.code == code


def test_a_lap_is_for_those_who_are_not_two_yet(world: World) -> None:
    offer = world.offer("ADT", "INF")
    lap = next(slot for slot in offer.passengers if slot.type == "INF")
    named = {"provider": "sandbox", "offer_id": str(offer.offer_id), "slot_id": str(lap.slot_id)}
    for type_, expected in (("INF", {}), ("CHD", {"/person/birth_date": "passenger_type_mismatch"})):
        typed = {"person": {"birth_date": born(type_).isoformat()}}
        assert codes(view_of(PassengerCheck, world.call("check_passenger", **named, **typed))) == expected


class TestDocuments:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, {}),
            ({"number": "nope!"}, {"/document/number": "validation_failed"}),
            ({"issuing_country": "XX"}, {"/document/issuing_country": "validation_failed"}),
            ({"expires_on": "2001-01-01"}, {"/document/expires_on": "document_expired"}),
        ],
    )
    def test_beside_each_value(self, world: World, changes: dict[str, str], expected: dict[str, str]) -> None:
        offer = world.offer(origin="SIN", destination="SYD")
        document = {name: PASSPORT[name] for name in ("type", "number", "issuing_country", "expires_on")}
        assert codes(checked(world, offer, document={**document, **changes})) == expected

    def test_one_that_ends_before_the_trip_and_one_soon_after(self, world: World) -> None:
        offer = world.offer(origin="SIN", destination="SYD")
        before = (departure_date() - timedelta(days=1)).isoformat()
        found = checked(world, offer, document={"expires_on": before})
        assert codes(found) == {"/document/expires_on": "document_expired"}
        soon = checked(world, offer, document={"expires_on": (departure_date() + timedelta(days=60)).isoformat()})
        assert soon.complaints == []
        assert [one.code for one in soon.warnings] == ["document_ends_soon"]

    def test_where_the_trip_asks_for_none_nobody_looks_at_it(self, world: World) -> None:
        assert checked(world, world.offer(), document={"expires_on": "2001-01-01"}).complaints == []


def test_a_card_number_is_refused_as_a_whole(world: World) -> None:
    with pytest.raises(DomainError) as refused:
        checked(world, world.offer(), given_name="4242 4242 4242 4242")
    assert refused.value.code == "card_number_refused"
    assert list(refused.value.fields) == ["/person/given_name"]


def test_nothing_typed_is_written_anywhere(world: World) -> None:
    offer, before = world.offer(), AuditEvent.objects.count()
    with CaptureQueriesContext(connection) as asked:
        checked(world, offer, **GOOD, document={"number": "NX4P87L21"})
    statements = [one["sql"] for one in asked.captured_queries]
    assert not [sql for sql in statements if not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE", "BEGIN"))]
    assert not [sql for sql in statements if "Müller" in sql or "NX4P87L21" in sql]
    assert (Passenger.objects.count(), IdentityDocument.objects.count()) == (0, 0)
    assert AuditEvent.objects.count() == before


def test_a_refused_check_leaves_a_line_without_what_was_typed(world: World) -> None:
    offer = world.offer()
    with pytest.raises(DomainError):
        checked(world, offer, given_name="4242 4242 4242 4242", family_name="Müller")
    line = AuditEvent.objects.latest("at")
    assert (line.operation, line.code) == ("check_passenger", "card_number_refused")
    assert not tells_the_card(str(line.arguments)) and "Müller" not in str(line.arguments)


def test_bos_offer_is_not_there_for_ana(world: World, bo_s_world: World) -> None:
    his = bo_s_world.mapped_offer()
    with pytest.raises(NotFound):
        checked(world, his, **GOOD)


def test_a_day_that_is_today(world: World) -> None:
    found = checked(world, world.offer(), birth_date=clock.now().date().isoformat())
    assert codes(found) == {"/person/birth_date": "passenger_type_mismatch"}
