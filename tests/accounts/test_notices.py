"""Letters about changes of an account: what they say, and that none of them is lost."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.db import connection, transaction
from pytest_django import Settings

from movmo.accounts.letter import notices
from movmo.accounts.letter import sending as letters
from movmo.accounts.models import PendingLetter, User
from movmo.accounts.privacy import purge
from movmo.accounts.privacy import services as privacy
from movmo.kit import clock
from movmo.kit.text import LONGEST_NAME
from movmo.operations.models import Outbox
from tests.conftest import StoppedClock
from tests.letters import post

pytestmark = pytest.mark.django_db(transaction=True)

AWAY = "tests.accounts.mail_away.Backend"
ALL: dict[str, Callable[[User], None]] = {
    "apps": lambda ana: notices.application_connected(ana, name="scout", scopes=["flights:read", "openid"]),
    "sessions": lambda ana: notices.new_device(ana, label="Firefox", network="192.0.2.1", at=clock.now()),
    "passkeys": lambda ana: notices.passkey_added(ana, name="My telephone"),
    "passkeys ": lambda ana: notices.passkey_removed(ana, name="My telephone"),
    "sessions ": lambda ana: notices.second_factor_changed(ana, what="An authenticator app was added"),
    "sessions  ": lambda ana: notices.account_locked(ana, until=clock.now()),
    "cards": lambda ana: notices.card_expiring(ana, card="visa ending in 4242", until="5/2031"),
}


@pytest.mark.parametrize("page", ALL)
def test_each_names_the_page_where_it_is_undone(ana: User, page: str, settings: Settings) -> None:
    settings.ORIGIN = "https://movmo.example"
    ALL[page](ana)
    post()
    [letter] = mail.outbox
    assert letter.to == ["ana@example.com"]
    assert "https://movmo.example/" in letter.body
    assert page.strip() in letter.body
    assert "\n" not in letter.subject


def test_times_are_told_in_words(ana: User, clock: StoppedClock) -> None:
    notices.new_device(ana, label="Firefox", network="192.0.2.1", at=clock.now)
    post()
    assert "1 March 2027, 12:00 UTC" in mail.outbox[0].body


def test_what_is_rolled_back_is_not_told(ana: User) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        notices.passkey_added(ana, name="My telephone")
        raise ZeroDivisionError
    post()
    assert mail.outbox == []


class TestMailServerThatIsAway:
    def test_it_undoes_nothing_and_the_log_tells_nobody(
        self, ana: User, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.EMAIL_BACKEND = AWAY
        with transaction.atomic():
            notices.passkey_added(ana, name="My telephone")
            User.objects.filter(pk=ana.pk).update(first_name="Ana")
        post()
        ana.refresh_from_db()
        assert ana.first_name == "Ana"
        assert "SMTPRecipientsRefused" in caplog.text
        assert "ana@example.com" not in caplog.text
        assert "My telephone" not in caplog.text

    def test_the_letter_leaves_when_it_is_back(self, ana: User, settings: Settings, clock: StoppedClock) -> None:
        notices.passkey_added(ana, name="My telephone")
        there, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, AWAY
        post()
        settings.EMAIL_BACKEND = there
        post()
        assert mail.outbox == [], "a moment of rest comes first"
        clock.forward(minutes=1)
        post()
        assert [letter.subject for letter in mail.outbox] == ["A passkey was added to your Movmo account"]
        assert not PendingLetter.objects.exists()
        clock.forward(minutes=10)
        post()
        assert len(mail.outbox) == 1

    def test_one_letter_that_cannot_leave_holds_no_other_up(self, ana: User, bo: User) -> None:
        ana.email = "ana@example.com\nBcc: bo@example.com"
        notices.passkey_added(ana, name="My telephone")
        notices.passkey_added(bo, name="My telephone")
        post()
        assert [letter.to for letter in mail.outbox] == [["bo@example.com"]]


class PowerCut(BaseException):
    """The worker dies here: nothing of ours may catch it."""


class DyingBackend(EmailBackend):
    """The letter leaves, and then the power fails."""

    def send_messages(self, messages: list[EmailMessage]) -> int:  # type: ignore[override]
        super().send_messages(messages)
        raise PowerCut


def test_one_that_was_posted_by_a_worker_that_died_comes_again_as_the_same_letter(
    ana: User, settings: Settings, clock: StoppedClock
) -> None:
    notices.passkey_added(ana, name="My telephone")
    there, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.DyingBackend"
    with pytest.raises(PowerCut):
        post()
    settings.EMAIL_BACKEND = there
    clock.forward(minutes=2)
    post()
    first, second = (letter.message()["Message-ID"] for letter in mail.outbox)
    assert first == second
    assert "@" in first


def test_in_the_tables_facts_and_addresses_are_not_in_clear(ana: User) -> None:
    notices.new_device(ana, label="Firefox", network="192.0.2.123", at=clock.now())
    for table in ("pending_letter", "outbox"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            stored = " ".join(
                bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
                for row in cursor.fetchall()
                for value in row
            )
        assert "new_device" in stored or table == "outbox"
        assert "192.0.2.123" not in stored
        assert "ana@example.com" not in stored
    assert set(Outbox.objects.get().payload) == {"letter_id"}


class TestPrivacy:
    def test_letters_on_their_way_are_told(self, ana: User) -> None:
        notices.new_device(ana, label="Firefox", network="192.0.2.123", at=clock.now())
        [letter] = privacy.export(ana, door="test")["account"]["letters_on_their_way"]
        assert (letter["letter"], letter["facts"]["network"]) == ("new_device", "192.0.2.123")

    def test_of_a_deleted_account_only_its_last_letter_leaves(self, ana: User) -> None:
        notices.passkey_added(ana, name="My telephone")
        call_command("delete_account", "ana@example.com", "--yes")
        post()
        [letter] = mail.outbox
        assert (letter.to, letter.subject) == (["ana@example.com"], "Your Movmo account was deleted")
        assert not PendingLetter.objects.exists()

    def test_what_never_left_is_forgotten_in_the_end(self, ana: User, clock: StoppedClock) -> None:
        notices.passkey_added(ana, name="My telephone")
        clock.forward(days=13)
        assert purge.run()["letters that never left"] == 0
        clock.forward(days=2)
        assert purge.run()["letters that never left"] == 1
        post()
        assert mail.outbox == []


@pytest.mark.parametrize("name", ["scout\r\nBcc: bo@example.com", "scout\n\nYour account is closed", "s" * 5000])
def test_a_name_stays_in_its_line(ana: User, name: str) -> None:
    notices.application_connected(ana, name=name, scopes=["flights:read"])
    post()
    [letter] = mail.outbox
    lines = [line for line in str(letter.body).splitlines() if line.strip().startswith("s")]
    assert [len(line.strip()) <= LONGEST_NAME for line in lines] == [True]
    assert letter.recipients() == ["ana@example.com"]


def test_a_subject_is_one_line_whatever_is_in_it(ana: User) -> None:
    card = "visa\r\nBcc: bo@example.com \u202eesrever"
    message = letters.write("card_expiring", ana.email, {"card": card, "until": "5/2031", "link": "x"})
    assert message.subject == "Your visa Bcc: bo@example.com esrever expires soon"
    assert message.message()["Bcc"] is None
    assert message.recipients() == ["ana@example.com"]


def test_no_mailbox_answers_by_itself(ana: User) -> None:
    notices.passkey_added(ana, name="My telephone")
    post()
    assert mail.outbox[0].message()["Auto-Submitted"] == "auto-generated"


def test_scopes_are_told_in_plain_words_and_nothing_is_escaped(ana: User) -> None:
    notices.application_connected(ana, name="Ben & Jo's", scopes=["flights:read", "unknown:scope"])
    post()
    body = str(mail.outbox[0].body)
    assert "Search flights and see prices" in body
    assert "Ben & Jo's" in body
    assert "unknown:scope" not in body
