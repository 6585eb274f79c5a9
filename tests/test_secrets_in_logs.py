"""The plugin that judges every line of the log: it finds what it is there for, and lets the rest through."""

import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from movmo import logs
from movmo.accounts.models import User
from movmo.kit.masking import MASK
from partners.api_key import secret
from partners.oauth import tokens
from partners.oauth.models import Application
from tests.office import clerk_with_app
from tests.partners.conftest import VERIFIER, Browser, redeem, refresh
from tests.secrets_in_logs import WATCH, leaks_in, passes_luhn

pytest_plugins = ["pytester"]

CODE = "u3dWQ1x8rZk0TfLhYpN5sVbGmC7aEo"
SECRETS = {CODE: "an authorization code"}
CODES = frozenset({"042917"})

LEAKY = """
import logging, sys
import structlog
import pytest
from django.core import mail
from django.http import HttpResponse, JsonResponse
from django.test import Client, override_settings
from django.urls import path
from partners.api_key import secret

CODE = "u3dWQ1x8rZk0TfLhYpN5sVbGmC7aEo"
urlpatterns = [
    path("callback", lambda request: HttpResponse(status=302, headers={"Location": f"https://a.example/?code={CODE}"})),
    path("token", lambda request: JsonResponse({"client_secret": CODE})),
]
pytestmark = pytest.mark.urls(__name__)
log = structlog.get_logger("bookings.somewhere")

def test_key():
    log.debug("looked_up", key=secret.generate(live=True))

def test_traceback():
    try:
        raise RuntimeError(secret.generate(live=False))
    except RuntimeError:
        logging.getLogger("allauth.account").debug("gone", exc_info=True)

def test_code_of_a_redirect():
    Client().get("/callback")
    logging.getLogger("movmo").info("redirected to %s", {"x": CODE})

def test_secret_of_an_answer():
    Client().get("/token")
    logging.getLogger("anybody").warning(CODE)

def test_letter():
    mail.send_mail("Your code", "Type 042917 within ten minutes", None, ["ana@example.com"])
    log.info("sent", code="042917")

def test_terminal():
    print(secret.generate(live=True))

@pytest.fixture
def chatty():
    log.info("made", key=secret.generate(live=True))

def test_fixture(chatty):
    pass

def test_clean():
    key = secret.generate(live=True)
    mail.send_mail("Your code", "Type 042917 within ten minutes", None, ["ana@example.com"])
    Client().get("/callback")
    log.info("used", hint=secret.hint(key), at=1042917, took=0.042917)
"""


def test_a_test_that_lets_a_secret_out_fails(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, with the plugin as this suite has it."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    monkeypatch.setenv("MOVMO_VAR", str(pytester.path))
    pytester.makeconftest('pytest_plugins = ["tests.secrets_in_logs"]')
    pytester.makepyfile(test_leaky=LEAKY)
    outcome = pytester.runpytest_subprocess("-p", "no:xdist", "--ds=movmo.settings", "-p", "no:cacheprovider", "-q")
    # The fixture's test fails before it is called: what its set-up says makes it an error.
    outcome.assert_outcomes(passed=1, failed=6, errors=1)
    outcome.stdout.fnmatch_lines(["*A secret got out*", "*an API key: *"])
    told = outcome.stdout.str()
    assert CODE not in told.partition("short test summary")[2]
    assert "a code that was sent by e-mail" in told


TOLD = {
    "a key": secret.generate(live=True),
    "a refresh token": tokens.refresh_token(None),
    "an access token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl",
    "a collected code": CODE,
    "a mailed code": "042917",
    "a card": "4111 1111 1111 1111",
    "a card without spaces": "5500005555555559",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----",
    "an authenticator's link": "otpauth://totp/Movmo:ana?secret=ABC",
}


@pytest.mark.parametrize("sort", TOLD)
def test_it_finds_a_secret_in_a_line_and_does_not_repeat_it(sort: str) -> None:
    (leak,) = leaks_in(f'{{"event": "said {TOLD[sort]}", "level": "info"}}', SECRETS, CODES)
    assert TOLD[sort] not in leak
    assert MASK in leak


@pytest.mark.parametrize(
    "line",
    [
        '{"timestamp": "2027-03-01T12:00:00.042917Z", "event": "x"}',
        "took 0.042917 s",
        "4111 1111 1111 1112",
        "booking 01a1f8f2-011a-7653-b8ae-efb817e2bcc9 at 1793456789012345678",
        "mvm_live_abc…wxyz",
    ],
)
def test_it_lets_other_numbers_and_hints_through(line: str) -> None:
    assert list(leaks_in(line, SECRETS, CODES)) == []


def test_the_check_digit_decides() -> None:
    assert passes_luhn("4111111111111111")
    assert not passes_luhn("4111111111111112")
    assert not passes_luhn("42")


@pytest.fixture
def talkative() -> Iterator[StringIO]:
    """Every line of the libraries that are kept quiet, made to talk, as our handler would write it: the plugin hears
    none of it."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.Masked(logs.formatter(as_json=True)))
    loggers = [logging.getLogger(name) for name in logs.TELLTALE]
    kept = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.addHandler(handler)
        logger.propagate = False
    yield written
    for logger, (level, propagate) in zip(loggers, kept, strict=True):
        logger.setLevel(level)
        logger.removeHandler(handler)
        logger.propagate = propagate


def test_what_comes_by_in_a_sign_in_is_collected(ana: User, scout: Application) -> None:
    WATCH.secrets.clear()
    clerk_with_app()
    bought = sign_in_and_redeem(ana)
    assert bought["access_token"] in WATCH.secrets
    assert set(WATCH.secrets.values()) >= {
        "`code` of a redirect",
        "`access_token` of an answer",
        "`refresh_token` of an answer",
        "an authenticator's secret",
    }


def test_libraries_that_are_made_to_talk_are_masked(ana: User, scout: Application, talkative: StringIO) -> None:
    WATCH.secrets.clear()
    sign_in_and_redeem(ana)
    written = talkative.getvalue()
    assert MASK in written
    assert [sort for secret, sort in WATCH.secrets.items() if secret in written] == []
    assert VERIFIER not in written


def sign_in_and_redeem(traveler: User) -> dict[str, Any]:
    browser = Browser()
    browser.client.force_login(traveler, backend="django.contrib.auth.backends.ModelBackend")
    told: dict[str, Any] = redeem(Client(), browser.approve()["code"]).json()
    renewed: dict[str, Any] = refresh(Client(), told["refresh_token"]).json()
    return told | renewed
