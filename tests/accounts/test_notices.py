"""Letters about changes of an account."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.db import transaction
from pytest_django import Settings

from movmo.accounts.letter import notices
from movmo.accounts.letter import sending as letters
from movmo.accounts.models import User
from movmo.kit import clock

pytestmark = pytest.mark.django_db(transaction=True)

ALL: dict[str, Callable[[User], None]] = {
    "apps": lambda ana: notices.application_connected(ana, name="scout", scopes=["flights:read", "openid"]),
    "sessions": lambda ana: notices.new_device(ana, label="Firefox", network="192.0.2.1", at=clock.now()),
    "passkeys": lambda ana: notices.passkey_added(ana, name="My telephone"),
    "passkeys ": lambda ana: notices.passkey_removed(ana, name="My telephone"),
    "sessions ": lambda ana: notices.second_factor_changed(ana, what="An authenticator app was added"),
    "sessions  ": lambda ana: notices.account_locked(ana, until=clock.now()),
}


@pytest.mark.parametrize("page", ALL)
def test_each_names_the_page_where_it_is_undone(ana: User, page: str, settings: Settings) -> None:
    settings.ORIGIN = "https://movmo.example"
    ALL[page](ana)
    [letter] = mail.outbox
    assert letter.to == ["ana@example.com"]
    assert "https://movmo.example/" in letter.body
    assert page.strip() in letter.body
    assert "\n" not in letter.subject


def test_what_is_rolled_back_is_not_told(ana: User) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        notices.passkey_added(ana, name="My telephone")
        raise ZeroDivisionError
    assert mail.outbox == []


def test_a_mail_server_that_is_away_undoes_nothing(
    ana: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "tests.accounts.mail_away.Backend"
    with transaction.atomic():
        notices.passkey_added(ana, name="My telephone")
        User.objects.filter(pk=ana.pk).update(first_name="Ana")
    ana.refresh_from_db()
    assert ana.first_name == "Ana"
    assert "SMTPRecipientsRefused" in caplog.text
    assert "ana@example.com" not in caplog.text
    assert "My telephone" not in caplog.text


@pytest.mark.parametrize("name", ["scout\r\nBcc: bo@example.com", "scout\n\nYour account is closed", "s" * 5000])
def test_a_name_stays_in_its_line(ana: User, name: str) -> None:
    notices.application_connected(ana, name=name, scopes=["flights:read"])
    [letter] = mail.outbox
    lines = [line for line in str(letter.body).splitlines() if line.strip().startswith("s")]
    assert [len(line.strip()) <= letters.LONGEST_NAME for line in lines] == [True]
    assert letter.recipients() == ["ana@example.com"]


def test_scopes_are_told_in_plain_words_and_nothing_is_escaped(ana: User) -> None:
    notices.application_connected(ana, name="Ben & Jo's", scopes=["flights:read", "unknown:scope"])
    body = str(mail.outbox[0].body)
    assert "Search flights and see prices" in body
    assert "Ben & Jo's" in body
    assert "unknown:scope" not in body
