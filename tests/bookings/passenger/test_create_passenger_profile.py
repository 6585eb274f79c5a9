"""create_passenger_profile"""

from datetime import timedelta
from typing import Any

import pytest

from bookings.passenger.models import Passenger
from bookings.passenger.names import NameInvalid
from movmo.kit.errors import InvalidArguments
from movmo.operations.context import Caller
from movmo.operations.models import AuditEvent
from tests.conftest import StoppedClock
from tests.contract.arguments import arguments_for
from tests.contract.world import World

pytestmark = pytest.mark.django_db


def wrong_fields(world: World, **changes: Any) -> set[str]:
    with pytest.raises(InvalidArguments) as caught:
        world.passenger(**changes)
    return set(caught.value.fields)


def test_a_passenger_is_saved_for_the_traveler(world: World) -> None:
    saved = world.passenger(given_name="Zoë", family_name="Müller-Weiß")
    row = Passenger.objects.get()
    assert (row.pk, row.user_id) == (saved.passenger_id, world.caller.user_id)
    assert str(row) == "Zoë Müller-Weiß"


def test_the_answer_tells_how_the_ticket_will_spell_the_name(world: World) -> None:
    assert world.passenger(given_name="Zoë", family_name="Müller-Weiß").name_as_ticketed == "MUELLER WEISS/ZOE"


@pytest.mark.parametrize("field", ["given_name", "family_name"])
def test_a_name_that_no_ticket_can_carry_is_refused(world: World, field: str) -> None:
    with pytest.raises(NameInvalid) as caught:
        world.passenger(**{field: "😀😀"})
    assert caught.value.facts == {"field": field}
    assert not Passenger.objects.exists()


@pytest.mark.parametrize(
    "unseen", ["\u200b", "\u202e", "\u2066", "\ufeff", "\n", "\U000e0041", "\u00ad", "٣", "Ⅳ", "℠", "_"]
)
def test_a_name_carries_nothing_beside_its_letters(world: World, unseen: str) -> None:
    with pytest.raises((NameInvalid, InvalidArguments)):
        world.passenger(given_name=f"Ana{unseen}María")
    assert not Passenger.objects.exists()


@pytest.mark.parametrize("name", ["محمد\u200cرضا", "D’Arcy", "Jean\u2011Luc", "Ana\u0301", "李小龍", "ERROR500BOOKED"])
def test_how_names_are_spelt_is_kept(world: World, name: str) -> None:
    assert world.passenger(family_name=name).family_name == name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("ana@xn--bcher-kva.example", "ana@xn--bcher-kva.example"),
        ("Ana+trips@Example.COM", "Ana+trips@example.com"),
    ],
)
def test_an_address_is_kept_as_it_goes_over_the_wire(world: World, sent: str, kept: str) -> None:
    assert world.passenger(email=sent).email == kept


def test_nobody_is_born_tomorrow(world: World, clock: StoppedClock) -> None:
    world.passenger(birth_date=clock.now.date().isoformat())
    tomorrow = clock.now.date() + timedelta(days=1)
    assert wrong_fields(world, birth_date=tomorrow.isoformat()) == {"/birth_date"}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("birth_date", "1899-12-31"),
        ("birth_date", "12.04.1988"),
        ("gender", "female"),
        ("email", "ana"),
        ("email", "Ana <ana@example.com>"),
        ("email", "ana@bücher.example"),
        ("email", "ana@example.com\nBcc: bo@example.com"),
        ("phone_number", "0151 123"),
        ("given_name", ""),
        ("given_name", "   "),
        ("family_name", "x" * 101),
    ],
)
def test_a_malformed_field_is_named(world: World, field: str, wrong: str) -> None:
    assert wrong_fields(world, **{field: wrong}) == {f"/{field}"}


def test_the_audit_trail_knows_nothing_of_the_person(world: World, ana_by_scout: Caller) -> None:
    sent = arguments_for("create_passenger_profile", world)
    world.call("create_passenger_profile", by=ana_by_scout, **sent)
    written = repr(list(AuditEvent.objects.values()))
    for field in ("given_name", "family_name", "birth_date", "email", "phone_number"):
        assert sent[field] not in written, field
