"""The back office opens to two proofs, shown not long ago, and to nothing else."""

import base64
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from movmo.accounts.models import User
from tests.conftest import StoppedClock
from tests.letters import post
from tests.office import (
    DOOR,
    MINE,
    NEW,
    PASSWORD,
    SECRET,
    STEP,
    clerk_with_app,
    code,
    entered,
    with_password,
    wrong_code,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(db: None) -> User:
    return clerk_with_app()


@pytest.fixture
def now(clock: StoppedClock) -> StoppedClock:
    """The clock, stopped at the real time: allauth reads its own."""
    clock.set(datetime.now(UTC))
    return clock


def is_inside(client: Client) -> bool:
    answer = client.get("/admin/accounts/user/")
    assert answer.status_code in (200, 302)
    return answer.status_code == 200


def signed_in_by_code(email: str) -> Client:
    client = Client()
    client.post("/accounts/login/", {"email": email})
    found = re.search(r"\b\d{6}\b", str(mail.outbox[-1].body))
    assert found is not None
    client.post("/accounts/login/code/", {"code": found.group()})
    return client


def test_a_password_and_then_the_apps_code_open_the_office(chief: User) -> None:
    client = with_password(chief)
    assert not is_inside(client)
    step = client.get(DOOR + "?next=/admin/partners/partner/")
    assert step["Location"] == f"{STEP}?next=%2Fadmin%2Fpartners%2Fpartner%2F"
    answer = client.post(STEP, {"code": code(), "next": "/admin/partners/partner/"})
    assert answer["Location"] == "/admin/partners/partner/"
    assert is_inside(client)


def test_the_key_of_the_session_changes_with_what_it_opens(chief: User) -> None:
    client = with_password(chief)
    before = client.session.session_key
    client.post(STEP, {"code": code()})
    assert is_inside(client)
    assert client.session.session_key != before
    stolen = Client()
    stolen.cookies["sessionid"] = str(before)
    assert not is_inside(stolen)
    assert not Session.objects.filter(session_key=before).exists()


def test_a_code_by_email_and_then_the_apps_code_open_it_too(chief: User) -> None:
    client = signed_in_by_code(chief.email)
    assert not is_inside(client)
    client.post(STEP, {"code": code()})
    assert is_inside(client)


def test_being_signed_in_is_not_enough_even_for_a_superuser(chief: User) -> None:
    client = Client()
    client.force_login(chief, backend="django.contrib.auth.backends.ModelBackend")
    assert not is_inside(client)
    assert client.get(STEP)["Location"].startswith(DOOR)
    assert client.get(NEW)["Location"].startswith(DOOR)
    assert client.get(DOOR).status_code == 200
    assert "_auth_user_id" not in client.session


def test_a_traveler_with_a_second_factor_is_no_clerk(ana: User) -> None:
    assert not is_inside(entered(Client(), ana))


def test_a_wrong_code_and_a_used_one_open_nothing(chief: User) -> None:
    refused = with_password(chief)
    answer = refused.post(STEP, {"code": wrong_code()})
    assert "That is not the code" in answer.content.decode()
    used = code()
    with_password(chief).post(STEP, {"code": used})
    replaying = with_password(chief)
    assert "was used already" in replaying.post(STEP, {"code": used}).content.decode()
    assert not is_inside(replaying)
    assert not is_inside(refused)


def test_codes_are_good_in_order_and_for_one_step_to_either_side(chief: User) -> None:
    for later, opens in ((-2, False), (2, False), (-1, True), (1, True), (0, False)):
        client = with_password(chief)
        client.post(STEP, {"code": code(later=later)})
        assert is_inside(client) is opens, later


def test_an_office_closes_after_half_an_hour_alone(chief: User, now: StoppedClock) -> None:
    client = with_password(chief)
    client.post(STEP, {"code": code()})
    for _ in range(3):
        now.forward(minutes=29)
        assert is_inside(client)
    now.forward(minutes=31)
    assert not is_inside(client)


def test_an_office_closes_after_eight_hours_however_busy_it_was(chief: User, now: StoppedClock) -> None:
    client = with_password(chief)
    client.post(STEP, {"code": code()})
    for _ in range(19):
        now.forward(minutes=25)
        assert is_inside(client)
    now.forward(minutes=4)
    assert is_inside(client)
    now.forward(minutes=2)
    assert not is_inside(client)


def test_the_second_step_does_not_wait_for_long(chief: User, now: StoppedClock) -> None:
    client = with_password(chief)
    now.forward(minutes=11)
    assert client.post(STEP, {"code": code()})["Location"].startswith(DOOR)
    assert not is_inside(client)


def test_travelers_keep_their_sessions(ana: User, now: StoppedClock) -> None:
    client = signed_in_by_code(ana.email)
    now.forward(hours=9)
    assert client.get("/accounts/").status_code == 200
    client.get("/admin/")
    assert client.get("/accounts/").status_code == 200


@pytest.mark.django_db
def test_a_clerk_without_a_factor_sets_one_up_first(ops: User) -> None:
    ops.set_password(PASSWORD)
    ops.is_superuser = True
    ops.save()
    client = with_password(ops)
    assert client.get(STEP)["Location"].startswith(NEW)
    page = client.get(NEW).content.decode()
    secret = re.search(r'<code class="secret">([A-Z2-7]{32})</code>', page)
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert secret is not None and picture is not None
    assert b"<svg" in base64.b64decode(picture.group(1))
    assert not is_inside(client)
    shown = client.post(NEW, {"code": code(secret.group(1))})
    codes = re.findall(r"<li><code>(\d{8})</code></li>", shown.content.decode())
    assert len(codes) == 10
    assert "no-store" in shown["Cache-Control"]
    assert is_inside(client)
    post()
    assert "An authenticator app was added" in str(mail.outbox[-1].body)
    for address in (NEW, MINE, STEP):
        assert codes[0] not in client.get(address, follow=True).content.decode()


def test_a_wrong_code_sets_nothing_up_and_keeps_the_key(ops: User) -> None:
    client = signed_in_by_code(ops.email)
    key = re.search(r'"secret">([A-Z2-7]{32})', client.get(NEW).content.decode())
    assert key is not None
    assert key.group(1) in client.post(NEW, {"code": "12 34"}).content.decode()
    assert not Authenticator.objects.exists()


def test_setting_up_needs_a_sign_in_of_just_now(ops: User, now: StoppedClock) -> None:
    client = signed_in_by_code(ops.email)
    assert client.get(NEW).status_code == 200
    now.forward(minutes=11)
    assert client.get(NEW)["Location"].startswith(DOOR)
    assert client.post(NEW, {"code": "123456"})["Location"].startswith(DOOR)


def test_whoever_has_a_factor_shows_it_before_another_is_added(chief: User, now: StoppedClock) -> None:
    halfway = with_password(chief)
    assert halfway.get(NEW)["Location"].startswith(STEP)
    assert halfway.post(MINE, {"remove": "1"})["Location"].startswith(STEP)
    halfway.post(STEP, {"code": code(), "next": MINE})
    assert halfway.get(NEW).status_code == 200
    now.forward(minutes=11)
    assert is_inside(halfway)
    assert halfway.get(NEW)["Location"].startswith(STEP)


def test_recovery_codes_open_once_each(chief: User) -> None:
    client = entered(Client(), chief)
    codes = re.findall(r"<code>(\d{8})</code>", client.post(MINE, {}).content.decode())
    for given, opens in ((codes[3], True), (codes[3], False), (codes[4], True)):
        lost = with_password(chief)
        lost.post(STEP, {"code": given})
        assert is_inside(lost) is opens
    assert "<dt>Left</dt><dd>8</dd>" in client.get(MINE).content.decode()
    client.post(MINE, {})
    lost = with_password(chief)
    lost.post(STEP, {"code": codes[5]})
    assert not is_inside(lost)


def test_the_only_factor_stays_and_a_removed_one_closes_its_sessions(chief: User) -> None:
    client = entered(Client(), chief)
    app = Authenticator.objects.get()
    assert "Add another one first" in client.post(MINE, {"remove": str(app.pk)}, follow=True).content.decode()
    assert is_inside(client)
    app.delete()
    assert not is_inside(client)


@pytest.mark.parametrize("pk", ["", "x", "-1", "1.0", "9" * 18, "9" * 5_000])
def test_a_factor_that_is_none_is_not_removed(chief: User, pk: str) -> None:
    client = entered(Client(), chief)
    assert client.post(MINE, {"remove": pk})["Location"] == MINE
    assert Authenticator.objects.filter(type=Authenticator.Type.TOTP).count() == 1


def test_a_passkey_from_the_pages_of_travelers_opens_nothing(chief: User) -> None:
    """A code by e-mail is enough to add one."""
    passkey = Authenticator.objects.create(user=chief, type=Authenticator.Type.WEBAUTHN, data={"name": "phone"})
    client = entered(Client(), chief)
    session = client.session
    for record in session["account_authentication_methods"]:
        record.update(id=passkey.pk)
    session.save()
    assert not is_inside(client)
    passkey.data["office"] = True
    passkey.save()
    assert is_inside(client)


def test_the_table_and_the_session_hold_no_plain_secret(ops: User) -> None:
    client = signed_in_by_code(ops.email)
    found = re.search(r'"secret">([A-Z2-7]{32})', client.get(NEW).content.decode())
    assert found is not None
    secret = found.group(1)
    assert secret not in str([row.get_decoded() for row in Session.objects.all()])
    client.post(NEW, {"code": code(secret)})
    app, codes = Authenticator.objects.order_by("type")[1], Authenticator.objects.get(type="recovery_codes")
    assert secret not in str(app.data)
    assert base64.b32decode(secret) not in base64.b64decode(app.data["secret"])
    assert not re.fullmatch("[0-9a-f]{80}", codes.data["seed"])
    other = clerk_with_app("other@movmo.example")
    assert SECRET not in str(Authenticator.objects.get(user=other).data)


def test_next_leads_to_the_office_and_nowhere_else(chief: User) -> None:
    for wanted in ("https://evil.example/", "//evil.example/admin/", "/admin/\\evil.example", "/accounts/"):
        client = Client()
        client.post(DOOR, {"username": chief.email, "password": PASSWORD, "next": wanted})
        Authenticator.objects.update(data={**Authenticator.objects.get().data, "step": 0})
        answer = client.post(STEP, {"code": code(), "next": wanted})
        assert answer["Location"].startswith("/admin/"), wanted


@pytest.mark.django_db
def test_an_operator_resets_a_factor_and_the_clerk_is_told(chief: User, capsys: Any) -> None:
    client = with_password(chief)
    client.post(STEP, {"code": code()})
    assert is_inside(client)
    call_command("reset_second_factor", " Chief@Movmo.example ")
    assert "Removed 1 for chief@movmo.example" in capsys.readouterr().out
    assert not is_inside(client)
    assert not Authenticator.objects.exists()
    post()
    assert "removed by an operator" in str(mail.outbox[-1].body)
    assert with_password(chief).get(STEP)["Location"].startswith(NEW)


def test_there_is_nothing_to_reset_for_a_traveler(ana: User) -> None:
    with pytest.raises(CommandError, match="no clerk"):
        call_command("reset_second_factor", ana.email)
