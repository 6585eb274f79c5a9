"""A person asks for what is known of them, and asks to be forgotten."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from bookings.booking.models import Booking
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.models import Passenger
from bookings.payment_method.models import PaymentMethod
from movmo.accounts import personal
from movmo.accounts.models import User
from movmo.accounts.personal import PersonKey
from movmo.sandbox_vault.app import SandboxVault
from tests.contract.world import TRAVEL_WISHES, World

pytestmark = pytest.mark.django_db

EMAIL = "ana@example.com"


@pytest.fixture(scope="module", autouse=True)
def vault_is_up(the_vault: SandboxVault) -> None:
    """Cards are kept somewhere."""


@pytest.fixture
def life(world: World) -> dict[str, Any]:
    """Ana has used everything once."""
    world.call("upsert_travel_preferences", **TRAVEL_WISHES)
    world.call("update_user", given_name="Ana", family_name="Andersson")
    document, card, booking = world.document(), world.card(), world.booking()
    return {"document": document, "card": card, "booking": booking}


def exported(capsys: Any) -> dict[str, Any]:
    call_command("export_account", EMAIL)
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_everything_is_told(life: dict[str, Any], capsys: Any) -> None:
    told = exported(capsys)
    text = json.dumps(told)
    for known in (EMAIL, "TT1234567", "2048815162", life["document"].number, "4242", "2031-05-04"):
        assert known in text
    (booking,) = told["bookings"]["bookings"]
    assert booking["passengers_as_booked"][0]["birth_date"]


def test_another_person_is_not(life: dict[str, Any], bo: User, capsys: Any) -> None:
    call_command("export_account", bo.email)
    assert life["document"].number not in capsys.readouterr().out


def test_the_person_is_forgotten_and_the_booking_is_not(life: dict[str, Any]) -> None:
    user = User.objects.get(email=EMAIL)
    call_command("delete_account", EMAIL, "--yes")
    user.refresh_from_db()
    assert (user.is_active, user.first_name) == (False, "")
    for model in (Passenger, IdentityDocument, PersonKey):
        assert not model.objects.filter(user=user).exists()
    assert PaymentMethod.objects.get().token is None
    booking = Booking.objects.get(pk=life["booking"].booking_id)
    assert (booking.locator, booking.total_minor) == (life["booking"].record_locator, booking.total_minor)
    assert booking.people == []


def test_nothing_personal_is_left_in_any_table(life: dict[str, Any]) -> None:
    booked = life["booking"].passengers[0]
    call_command("delete_account", EMAIL, "--yes")
    texts = list(_every_value())
    for known in (EMAIL, "TT1234567", life["document"].number, "Andersson", booked.given_name, "2048815162"):
        assert not [text for text in texts if known in text], known


def _every_value() -> Iterator[str]:
    """Every value of every table but the sandbox airline's own, which is not ours."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith("sandbox_"):
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                for value in row:
                    yield bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)


def test_the_key_is_gone_from_memory_too(life: dict[str, Any]) -> None:
    user = User.objects.get(email=EMAIL)
    call_command("delete_account", EMAIL, "--yes")
    assert user.pk not in personal._remembered


def test_the_vault_forgets_the_card(life: dict[str, Any], the_vault: SandboxVault) -> None:
    token = PaymentMethod.objects.get().token
    call_command("delete_account", EMAIL, "--yes")
    call_command("redact_cards")
    card = the_vault.cards.get(token)
    assert card is not None
    assert card.storage_state == "redacted"


def test_not_while_a_booking_is_under_way(world: World) -> None:
    world.book(world.mapped_offer(family_name="TIMEOUTLOST"))
    with pytest.raises(CommandError, match="a booking is under way"):
        call_command("delete_account", EMAIL, "--yes")
    assert User.objects.filter(email=EMAIL, is_active=True).exists()


def test_not_by_accident(life: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match="--yes"):
        call_command("delete_account", EMAIL)
    with pytest.raises(CommandError, match="no account"):
        call_command("delete_account", "nobody@example.com", "--yes")
    assert User.objects.filter(email=EMAIL, is_active=True).exists()
