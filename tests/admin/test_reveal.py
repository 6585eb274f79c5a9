"""Personal fields are masked, and read one at a time, for a reason, by whoever may, and written down before that."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from bookings.booking.models import Booking
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.models import Passenger
from movmo.accounts.models import User
from movmo.kit import masks
from movmo.kit.clock import now
from movmo.operations.models import AuditEvent
from movmo.operations.reveal import services
from tests.clear_text import tells_the_card
from tests.conftest import NOON, StoppedClock
from tests.contract.world import World
from tests.office import clerk_with_app, entered
from tests.operations.together import together

pytestmark = pytest.mark.django_db
WHY = "She calls and reads her ticket to us."
PHONE = "+4915112345678"
CARD = "4242 4242 4242 4242"


def desk_of(*permissions: str) -> Client:
    """A clerk who sees people, passengers and documents, and what else is named."""
    clerk = clerk_with_app("desk@movmo.example", is_superuser=False)
    seen = ("view_user", "view_passenger", "view_identitydocument", "view_booking", *permissions)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=seen))
    return entered(Client(), clerk)


@pytest.fixture
def desk(db: None) -> Client:
    return desk_of("reveal_personal")


@pytest.fixture
def looker(db: None) -> Client:
    return desk_of()


@pytest.fixture
def ana(ana: User) -> User:
    ana.phone_number = PHONE
    ana.save(update_fields=["phone_number"])
    return ana


def page_of(row: Any) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/"


def reveal_of(row: Any, field: str) -> str:
    return f"{page_of(row)}reveal/{field}/"


def lines() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(operation=services.REVEAL).order_by("id"))


class TestThePage:
    def test_shows_people_masked_with_a_way_to_each_field(self, desk: Client, ana: User) -> None:
        page = desk.get(f"{page_of(ana)}change/").content.decode()
        assert "a***@example.com" in page
        assert reveal_of(ana, "email") in page
        assert reveal_of(ana, "phone_number") in page
        assert ana.email not in page
        assert PHONE not in page

    def test_shows_whoever_may_not_no_way(self, looker: Client, ana: User) -> None:
        page = looker.get(f"{page_of(ana)}change/").content.decode()
        assert "a***@example.com" in page
        assert "/reveal/" not in page
        assert ana.email not in page

    def test_shows_a_superuser_no_more(self, client: Client, ana: User) -> None:
        page = entered(client, clerk_with_app()).get(f"{page_of(ana)}change/").content.decode()
        assert ana.email not in page
        assert 'name="email" value' not in page

    def test_lists_are_masked_and_the_whole_address_finds(self, desk: Client, ana: User, bo: User) -> None:
        listed = desk.get("/admin/accounts/user/").content.decode()
        assert "a***@example.com" in listed
        assert ana.email not in listed
        found = desk.get("/admin/accounts/user/", {"q": "Ana@Example.com"}).context["cl"].result_list
        assert [user.pk for user in found] == [ana.pk]

    @pytest.mark.parametrize("part", ["ana@", "ana@example", "example.com"])
    def test_a_part_of_an_address_finds_nobody(self, desk: Client, ana: User, part: str) -> None:
        assert list(desk.get("/admin/accounts/user/", {"q": part}).context["cl"].result_list) == []

    def test_an_empty_address_leaves_it_as_it_is(self, client: Client, ana: User) -> None:
        form = {"email": "", "first_name": "Ana", "is_active": "on"}
        chief = entered(client, clerk_with_app())
        assert chief.post(f"{page_of(ana)}change/", form).status_code == 302
        ana.refresh_from_db()
        assert (ana.email, ana.first_name) == ("ana@example.com", "Ana")

    def test_a_typed_one_becomes_the_new_one(self, client: Client, ana: User) -> None:
        form = {"email": "Ana@elsewhere.example", "is_active": "on"}
        assert entered(client, clerk_with_app()).post(f"{page_of(ana)}change/", form).status_code == 302
        ana.refresh_from_db()
        assert ana.email == "ana@elsewhere.example"


class TestRevealing:
    def test_asking_shows_nothing_and_writes_nothing(self, desk: Client, ana: User) -> None:
        answer = desk.get(reveal_of(ana, "email"))
        assert answer.status_code == 200
        assert ana.email not in answer.content.decode()
        assert lines() == []

    def test_a_reason_shows_it_once_and_is_written_down(self, desk: Client, ana: User) -> None:
        answer = desk.post(reveal_of(ana, "email"), {"reason": f"  {WHY} "})
        assert f'id="value" class="office-value">{ana.email}<' in answer.content.decode()
        assert "no-store" in answer.headers["Cache-Control"]
        (line,) = lines()
        clerk = User.objects.get(email="desk@movmo.example")
        assert (line.user_id, line.resource_id, line.door, line.code) == (clerk.pk, ana.pk, "office", "done")
        assert line.arguments == {"of": "accounts.user", "field": "email", "reason": WHY}
        assert ana.email not in repr(list(AuditEvent.objects.values()))
        assert ana.email not in desk.get(reveal_of(ana, "email")).content.decode()

    @pytest.mark.parametrize("reason", ["", "    ", "why", "why\u200b\u200b\u2060", "a" * 201, f"she says {CARD}"])
    def test_what_is_no_reason_shows_nothing(self, desk: Client, ana: User, reason: str) -> None:
        answer = desk.post(reveal_of(ana, "phone_number"), {"reason": reason})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
        assert PHONE not in answer.content.decode()
        assert lines() == []

    def test_a_card_number_is_not_written_down(self, desk: Client, ana: User) -> None:
        desk.post(reveal_of(ana, "email"), {"reason": f"she says {CARD}"})
        assert not tells_the_card(repr(list(AuditEvent.objects.values())))

    def test_without_the_right_nothing_opens(self, looker: Client, ana: User) -> None:
        assert looker.get(reveal_of(ana, "email")).status_code == 403
        refused = looker.post(reveal_of(ana, "email"), {"reason": WHY})
        assert refused.status_code == 403
        assert ana.email not in refused.content.decode()
        assert lines() == []

    def test_the_right_alone_opens_no_list_that_one_does_not_see(self, ana: User) -> None:
        clerk = clerk_with_app("desk@movmo.example", is_superuser=False)
        clerk.user_permissions.set(Permission.objects.filter(codename="reveal_personal"))
        assert entered(Client(), clerk).post(reveal_of(ana, "email"), {"reason": WHY}).status_code == 403
        assert lines() == []

    def test_a_stranger_is_sent_to_sign_in(self, client: Client, ana: User) -> None:
        assert client.post(reveal_of(ana, "email"), {"reason": WHY}).status_code == 302
        client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
        assert client.post(reveal_of(ana, "email"), {"reason": WHY}).status_code == 302
        assert lines() == []

    @pytest.mark.parametrize("field", ["password", "birth_date", "is_staff", "first_name", "masked_email", "__class__"])
    def test_other_columns_are_no_fields(self, desk: Client, ana: User, field: str) -> None:
        assert desk.post(reveal_of(ana, field), {"reason": WHY}).status_code == 404
        assert lines() == []

    def test_a_row_that_is_not_there_has_none(self, desk: Client, ana: User, world: World) -> None:
        passenger = Passenger.objects.get(pk=world.passenger().passenger_id)
        elsewhere = reveal_of(ana, "email").replace(str(ana.pk), str(passenger.pk))
        assert desk.post(elsewhere, {"reason": WHY}).status_code == 404
        assert lines() == []

    def test_the_line_is_there_even_if_the_page_then_breaks(
        self, desk: Client, ana: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def breaks(*_: Any) -> str:
            raise RuntimeError("the page broke")

        monkeypatch.setattr("movmo.operations.reveal.fields.MaskedField.in_full", breaks)
        desk.raise_request_exception = False
        assert desk.post(reveal_of(ana, "email"), {"reason": WHY}).status_code == 500
        assert [line.code for line in lines()] == ["done"]


class TestTheLimit:
    @pytest.fixture(autouse=True)
    def two_an_hour(self, settings: Any) -> None:
        settings.MOVMO_REVEALS_PER_HOUR = 2

    def test_the_third_within_an_hour_is_refused_and_said(self, desk: Client, ana: User, bo: User) -> None:
        for person in (ana, bo):
            assert desk.post(reveal_of(person, "email"), {"reason": WHY}).status_code == 200
        refused = desk.post(reveal_of(ana, "phone_number"), {"reason": WHY})
        assert refused.status_code == 429
        assert "2 masked fields within the last hour" in refused.content.decode()
        assert PHONE not in refused.content.decode()
        assert [line.code for line in lines()] == ["done", "done", "too_many_reveals"]

    def test_it_is_each_clerk_s_own_and_ends_with_the_hour(self, ana: User, bo: User, clock: StoppedClock) -> None:
        def reads(clerk: User) -> None:
            services.reveal(
                clerk_id=clerk.pk, table="t", row_id=ana.pk, field="email", reason=WHY, now=NOON + timedelta(seconds=1)
            )

        reads(ana)
        reads(ana)
        reads(bo)
        with pytest.raises(services.TooManyReveals):
            reads(ana)
        later = NOON + timedelta(hours=1, seconds=1)
        services.reveal(clerk_id=ana.pk, table="t", row_id=ana.pk, field="email", reason=WHY, now=later)


@pytest.mark.django_db(transaction=True)
def test_the_last_one_allowed_is_given_once_whoever_asks_at_the_same_moment(ana: User, settings: Any) -> None:
    settings.MOVMO_REVEALS_PER_HOUR = 2

    def reads() -> None:
        services.reveal(clerk_id=ana.pk, table="t", row_id=ana.pk, field="email", reason=WHY, now=now())

    answers = together(*[reads] * 8)
    assert [type(answer) for answer in answers if answer is not None] == [services.TooManyReveals] * 6
    assert sorted(line.code for line in lines()) == ["done"] * 2 + ["too_many_reveals"] * 6


def test_a_passenger_is_masked_and_revealed(desk: Client, world: World) -> None:
    told = world.passenger(email="private@example.com", phone_number=PHONE)
    passenger = Passenger.objects.get(pk=told.passenger_id)
    page = desk.get(f"{page_of(passenger)}change/").content.decode()
    assert "p***@example.com" in page
    for field, value in (
        ("birth_date", passenger.birth_date.isoformat()),
        ("email", "private@example.com"),
        ("phone_number", PHONE),
    ):
        assert value not in page
        revealed = desk.post(reveal_of(passenger, field), {"reason": WHY}).content.decode()
        assert f">{value}<" in revealed
    assert len(lines()) == 3


def test_a_document_s_number_is_masked_and_revealed(desk: Client, world: World) -> None:
    document = IdentityDocument.objects.get(pk=world.document().document_id)
    page = desk.get(f"{page_of(document)}change/").content.decode()
    assert document.number not in page
    assert masks.number(document.number) in page
    assert document.number in desk.post(reveal_of(document, "number"), {"reason": WHY}).content.decode()


def test_the_people_on_a_booking_are_masked_field_by_field(desk: Client, world: World) -> None:
    booking = Booking.objects.get(pk=world.booking().booking_id)
    born = booking.people[0]["birth_date"]
    page = desk.get(f"{page_of(booking)}change/").content.decode()
    assert booking.people[0]["name_as_ticketed"] in page
    assert born not in page
    assert f">{born}<" in desk.post(reveal_of(booking, "birth_date-1"), {"reason": WHY}).content.decode()
    assert desk.post(reveal_of(booking, "birth_date-2"), {"reason": WHY}).status_code == 404
    assert [line.resource_id for line in lines()] == [booking.pk]


@pytest.mark.parametrize(
    ("address", "masked"),
    [("ana@example.com", "a***@example.com"), ("a@b.example", "a***@b.example"), ("", ""), ("nobody", "***")],
)
def test_addresses(address: str, masked: str) -> None:
    assert masks.address(address) == masked


@pytest.mark.parametrize(("number", "masked"), [("NX4P87L21", "••••••L21"), ("12345", "•••••"), ("", "")])
def test_numbers(number: str, masked: str) -> None:
    assert masks.number(number) == masked
