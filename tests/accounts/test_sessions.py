"""Where a person is signed in, and ending that."""

import re
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from movmo.accounts.models import CacheRow, Device, SignInAttempts, User
from movmo.accounts.session import browsers
from movmo.kit import clock as the_clock
from tests.accounts.person import FIREFOX, SAFARI, is_signed_in, sign_in

PAGE = "/accounts/sessions/"
pytestmark = pytest.mark.django_db


def page_of(client: Client) -> str:
    return client.get(PAGE).content.decode()


def id_of(client: Client) -> int:
    return int(UserSession.objects.values_list("pk", flat=True).get(session_key=client.cookies["sessionid"].value))


def test_the_page_tells_browsers_apart() -> None:
    ana = sign_in(browser=FIREFOX)
    sign_in(browser=SAFARI, network="2001:db8::7")
    page = page_of(ana)
    assert re.search(r"Firefox on Linux\s*<span[^>]*>This one", page)
    assert "Safari on iPhone" in page
    assert "192.0.2.1" in page
    assert "2001:db8::7" in page


def test_ending_one_takes_effect_on_its_next_request() -> None:
    ana, telephone = sign_in(), sign_in(browser=SAFARI)
    ana.post(PAGE, {"session": id_of(telephone)})
    assert (is_signed_in(ana), is_signed_in(telephone)) == (True, False)
    assert "Safari" not in page_of(ana)


def test_ending_all_others_leaves_this_one() -> None:
    ana, others = sign_in(), [sign_in(browser=SAFARI) for _ in range(3)]
    ana.post(PAGE, {"session": "others"})
    assert [is_signed_in(browser) for browser in (ana, *others)] == [True, False, False, False]


def test_nobody_ends_another_s_session() -> None:
    ana, bo = sign_in(), sign_in("bo@example.com")
    for which in (id_of(ana), "others"):
        bo.post(PAGE, {"session": which})
    assert is_signed_in(ana)
    assert "192.0.2.1" in page_of(ana)


@pytest.mark.parametrize("which", ["", "0", "-1", "9" * 30, "x", "²", "1 OR 1=1"])
def test_what_names_no_session_ends_none(which: str) -> None:
    ana, telephone = sign_in(), sign_in(browser=SAFARI)
    assert "nothing to end" in ana.post(PAGE, {"session": which}, follow=True).content.decode()
    assert is_signed_in(telephone)


def test_this_session_is_ended_by_signing_out_only() -> None:
    ana = sign_in()
    ana.post(PAGE, {"session": id_of(ana)})
    assert is_signed_in(ana)
    ana.post("/accounts/logout/")
    assert (Session.objects.count(), is_signed_in(ana)) == (0, False)


def test_strangers_see_no_sessions() -> None:
    assert Client().get(PAGE)["Location"].startswith("/accounts/login/")


def test_what_a_browser_says_of_itself_is_not_shown() -> None:
    ana = sign_in(browser="<script>alert(1)</script>")
    assert "An unknown browser" in page_of(ana)
    assert "alert(1)" not in page_of(ana)


def test_a_session_from_before_or_from_elsewhere_is_shown_too(ana: User) -> None:
    """The back office signs people in by a way of its own."""
    by_other_means = Client(headers={"user-agent": SAFARI})
    by_other_means.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    by_other_means.get("/")
    assert "Safari on iPhone" in page_of(sign_in())


def test_a_connection_without_an_address_has_a_session_too() -> None:
    assert "an unknown address" in page_of(sign_in(network="unix"))


@pytest.mark.parametrize(("seconds_ago", "writes"), [(50, 0), (61, 1)])
def test_last_seen_is_written_once_a_minute(seconds_ago: int, writes: int) -> None:
    ana = sign_in()
    UserSession.objects.update(last_seen_at=the_clock.now() - timedelta(seconds=seconds_ago))
    with CaptureQueriesContext(connection) as queries:
        is_signed_in(ana)
    assert sum(query["sql"].startswith("UPDATE") for query in queries) == writes


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_5) Version/18.5 Safari/605.1.15", "Safari on macOS"),
        ("Links (2.29; Linux)", "A browser on Linux"),
        ("curl/8", "An unknown browser"),
        ("", "An unknown browser"),
    ],
)
def test_browsers_have_names(user_agent: str, label: str) -> None:
    assert browsers.label(user_agent) == label


def test_what_is_over_is_purged(capsys: pytest.CaptureFixture[str]) -> None:
    ana, ended = sign_in(), sign_in(browser=SAFARI)
    long_ago = the_clock.now() - timedelta(days=500)
    Session.objects.filter(session_key=ended.cookies["sessionid"].value).update(expire_date=long_ago)
    SignInAttempts.objects.update(begun_at=long_ago)
    Device.objects.update(last_seen_at=long_ago)
    newest = Device.objects.latest("id")
    Device.objects.filter(pk=newest.pk).update(last_seen_at=long_ago + timedelta(days=1))
    CacheRow.objects.create(cache_key="old", value="", expires=long_ago)
    call_command("purge_accounts")
    assert capsys.readouterr().out.splitlines() == [
        "sessions: 1",
        "rows of the sessions page: 1",
        "sign-in attempts: 4",  # tries and uses of two codes
        "changes of contact details: 0",
        "devices: 1",
        "letters that never left: 0",
        "cache rows: 1",
    ]
    assert (is_signed_in(ana), Device.objects.get(), User.objects.count()) == (True, newest, 1)


def test_a_purge_has_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    SignInAttempts.objects.bulk_create(
        SignInAttempts(pending=f"{number}", begun_at=the_clock.now() - timedelta(days=1)) for number in range(5)
    )
    call_command("purge_accounts", most=3)
    assert SignInAttempts.objects.count() == 2
    call_command("purge_accounts", most=3)
    assert SignInAttempts.objects.count() == 0
