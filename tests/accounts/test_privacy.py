"""A person asks for what is known of them, and asks to be forgotten."""

import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TestCase

from bookings.booking.models import Booking
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.models import Passenger
from bookings.payment_method.models import PaymentMethod
from movmo.accounts import personal
from movmo.accounts.models import ContactChange, Lockout, TravelPreferences, User
from movmo.accounts.office import lockout
from movmo.accounts.personal import PersonKey
from movmo.kit.errors import NotFound
from movmo.operations.dispatch import Answer, Contended
from movmo.operations.models import AuditEvent
from movmo.operations.scopes import UserTokenMissing
from movmo.sandbox_vault.app import SandboxVault
from tests.conftest import StoppedClock
from tests.contract.world import TRAVEL_WISHES, World
from tests.operations.together import together

pytestmark = pytest.mark.django_db

EMAIL = "ana@example.com"


@pytest.fixture(scope="module", autouse=True)
def vault_is_up(the_vault: SandboxVault) -> None:
    """Cards are kept somewhere."""


@pytest.fixture
def life(world: World) -> dict[str, Any]:
    """Ana has used everything once."""
    user = User.objects.get(email=EMAIL)
    UserSession.objects.create(user=user, session_key="a-session", ip="192.0.2.1", user_agent="Firefox")
    Lockout.objects.create(account=lockout.name_of(user, lockout.Way.PASSWORD), failures=3)
    world.call("upsert_locale_preferences", language="nl", country="NL", currency="EUR")
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
    document = life["document"].number
    for known in (EMAIL, "TT1234567", "2048815162", document, "4242", "2031-05-04", "EUR", "192.0.2.1"):
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
    for model in (Passenger, IdentityDocument, PersonKey, UserSession):
        assert not model.objects.filter(user=user).exists()
    assert not Lockout.objects.exists()
    assert PaymentMethod.objects.get().token is None
    booking = Booking.objects.get(pk=life["booking"].booking_id)
    assert (booking.locator, booking.total_minor) == (life["booking"].record_locator, booking.total_minor)
    assert booking.people == []


def test_nothing_personal_is_left_in_any_table(life: dict[str, Any]) -> None:
    booked = life["booking"].passengers[0]
    in_clear, encrypted = (EMAIL, "Andersson", booked.given_name), ("TT1234567", life["document"].number, "2048815162")
    before = list(_every_value())
    assert all(any(known in text for text in before) for known in in_clear), "there is something to forget"
    call_command("delete_account", EMAIL, "--yes")
    texts = list(_every_value())
    for known in (*in_clear, *encrypted):
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
    personal._remembered[user.pk] = (time.monotonic() + 60, personal.cipher_of(user.pk))
    with TestCase.captureOnCommitCallbacks(execute=True):
        call_command("delete_account", EMAIL, "--yes")
    assert user.pk not in personal._remembered
    assert Booking.objects.get().people == []


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


def test_the_history_of_the_back_office_forgets_the_address(ana: User, ops: User) -> None:
    content_type = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=ops, content_type=content_type, object_id=str(ana.pk), object_repr=str(ana), action_flag=CHANGE
    )
    call_command("delete_account", EMAIL, "--yes")
    assert LogEntry.objects.get().object_repr == "a deleted account"


LATE: dict[str, dict[str, Any]] = {
    "create_passenger_profile": {"given_name": "Ana", "family_name": "Late", "birth_date": "1988-04-12", "gender": "F"},
    "update_user": {"given_name": "Ana", "family_name": "Late"},
    "upsert_travel_preferences": TRAVEL_WISHES,
}


@pytest.mark.parametrize("name", LATE)
def test_a_call_that_comes_too_late_writes_nothing(world: World, name: str) -> None:
    """Its caller was known when it began."""
    call_command("delete_account", EMAIL, "--yes")
    with pytest.raises((NotFound, UserTokenMissing)):
        world.call(name, **LATE[name])
    assert_nothing_of(User.objects.get(pk=str(world.caller.user_id)))


@pytest.mark.django_db(transaction=True)
def test_nor_does_one_at_the_same_moment(world: World) -> None:
    save = partial(world.call, "create_passenger_profile", **LATE["create_passenger_profile"])
    save()  # the key is in memory, as it is in a server that has been running
    rename = partial(world.call, "update_user", **LATE["update_user"])
    delete = partial(call_command, "delete_account", EMAIL, "--yes")
    *answers, deleted = together(save, rename, save, rename, delete)
    assert not isinstance(deleted, Exception)
    assert all(isinstance(answer, Answer | NotFound | UserTokenMissing | Contended) for answer in answers)
    assert_nothing_of(User.objects.get(pk=str(world.caller.user_id)))


def assert_nothing_of(user: User) -> None:
    assert (user.is_active, user.last_name) == (False, "")
    for model in (Passenger, TravelPreferences, PersonKey):
        assert not model.objects.filter(user=user).exists()


def test_both_leave_a_line_in_the_audit_trail(life: dict[str, Any], capsys: Any) -> None:
    user = User.objects.get(email=EMAIL)
    exported(capsys)
    call_command("delete_account", EMAIL, "--yes")
    for what in ("export_account", "delete_account"):
        line = AuditEvent.objects.get(operation=what)
        assert (line.door, line.user_id, line.code) == ("command", user.pk, "done")


def test_changes_of_address_that_came_to_nothing_are_purged(world: World, clock: StoppedClock) -> None:
    world.contact_change()
    clock.forward(minutes=1)
    call_command("purge_accounts")
    assert ContactChange.objects.exists()
    clock.forward(minutes=16)
    call_command("purge_accounts")
    assert not ContactChange.objects.exists()
