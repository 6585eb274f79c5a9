"""A pytest plugin: a test in which a secret gets into a line of the log, or onto the terminal, fails.

Every record of the process is judged, down to DEBUG, as the line that production would write, with its traceback and
before anything is masked: the masking is for what this has not seen. Only `movmo.logs.TELLTALE` keeps its own level,
which nobody can lower in production either.

Keys, tokens and cards are known by their shape. What has none is collected where it comes by: authorization codes and
secrets in answers of this process (a middleware in front of the others) and in rows that are about to be saved (their
signals), sign-in codes in the letters that were sent. Nothing of the product is replaced for it.
"""

import json
import logging
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.db.models.signals import pre_save
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from movmo import logs
from movmo.kit import masking
from tests import clear_text

SHAPES = {
    "an API key": re.compile(r"mvm_(?:live|test)_[0-9A-Za-z]{36}"),
    "a refresh token": re.compile(r"mvmr_[\w-]{20,}", re.ASCII),
    "a webhook secret": re.compile(r"whsec_[0-9A-Za-z+/]{20,}"),
    "a signed token": masking.JWT,
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "an authenticator's secret": re.compile(r"otpauth://\S+"),
    "a number of a document": re.compile("|".join(clear_text.NUMBERS)),
}
CARD = re.compile(r"(?<![\w.-])(?:[3-6]\d{3}[ -]?\d{4,6}[ -]?\d{4,5}(?:[ -]?\d{1,4})?)(?![\w.-])", re.ASCII)
SIX_DIGITS = re.compile(r"(?<!\d)\d{6}(?!\d)", re.ASCII)
TIME = re.compile(r'"timestamp": "[^"]*"')
IN_ANSWERS = ("access_token", "refresh_token", "id_token", "client_secret", "registration_access_token", "bearer")
IN_REDIRECTS = ("code", "access_token", "id_token")
LONG_ENOUGH = 16
MOST = 300
MIDDLEWARE = "tests.secrets_in_logs.Harvest"


@dataclass
class Watch:
    """The lines of the test that runs, and the secrets that came by lately."""

    lines: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    def keep(self, sort: str, value: object) -> None:
        """For as long as a stage may stand, on which many tests are played: the latest ones."""
        if isinstance(value, str) and len(value) >= LONG_ENOUGH:
            self.secrets[value] = sort
        if len(self.secrets) > MOST:
            del self.secrets[next(iter(self.secrets))]

    def leaks(self, *texts: str) -> list[str]:
        """What leaked, each with its line, in which no secret is left to read."""
        codes = frozenset(_mailed())
        return [leak for line in (*self.lines, *texts) for leak in leaks_in(line, self.secrets, codes)]

    def masked(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, masking.MASK)
        return masking.mask(text)


WATCH = Watch()


def leaks_in(line: str, secrets: dict[str, str], codes: frozenset[str] = frozenset()) -> Iterator[str]:
    """`secrets` are texts with their sort; `codes` are short, and only counted where they stand alone."""
    bare = TIME.sub("", line)
    found = [(sort, match.group()) for sort, shape in SHAPES.items() if (match := shape.search(bare))]
    found += [(sort, secret) for secret, sort in secrets.items() if secret in bare]
    found += [("a code that was sent by e-mail", code) for code in codes if _stands_in(bare, code)]
    found += [("a card number", match.group()) for match in CARD.finditer(bare) if passes_luhn(match.group())]
    for sort, secret in found:
        place = bare.index(secret)
        around = bare[max(0, place - 200) : place + 300]
        yield f"{sort}: {masking.mask(around.replace(secret, masking.MASK))}"


def _stands_in(line: str, code: str) -> bool:
    return re.search(rf"(?<![\w.-]){code}(?![\w-]|\.\d)", line, re.ASCII) is not None


def passes_luhn(text: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits[::-1])]
    return 13 <= len(digits) <= 19 and sum(doubled) % 10 == 0


def _mailed() -> Iterator[str]:
    for letter in getattr(mail, "outbox", []):
        yield from SIX_DIGITS.findall(str(letter.body))


class Listener(logging.Handler):
    """Writes down each record as production would, unmasked."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logs.formatter(as_json=True))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            WATCH.lines.append(self.format(record))
        except Exception as failure:  # noqa: BLE001  (a line that cannot be written is none that was)
            WATCH.lines.append(f"{record.name}: {type(failure).__name__}")


class Harvest:
    """Middleware: collects what an answer hands out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        for name, value in parse_qsl(urlsplit(response.headers.get("Location", "")).query):
            if name in IN_REDIRECTS:
                WATCH.keep(f"`{name}` of a redirect", value)
        if session := response.cookies.get(settings.SESSION_COOKIE_NAME):
            WATCH.keep("a session", session.value)
        content = b"" if response.streaming else getattr(response, "content", b"")
        if content.startswith(b"{") and any(name.encode() in content for name in IN_ANSWERS):
            with suppress(ValueError):
                told = json.loads(content)
                for name in IN_ANSWERS:
                    WATCH.keep(f"`{name}` of an answer", told.get(name))
        return response


def note_row(sender: Any, instance: Any, **_: Any) -> None:
    """Before a row is saved, its secrets are still themselves."""
    if sender.__name__ == "Grant":
        WATCH.keep("an authorization code", instance.code)
    elif sender.__name__ == "Application" and "$" not in instance.client_secret:
        WATCH.keep("a client secret", instance.client_secret)
    elif sender.__name__ == "Authenticator" and isinstance(instance.data, dict) and instance.data.get("secret"):
        WATCH.keep("an authenticator's secret, sealed", instance.data["secret"])
        WATCH.keep("an authenticator's secret", _unsealed(instance.data["secret"]))


def _unsealed(text: str) -> str:
    from allauth.mfa.utils import decrypt  # needs the settings

    try:
        return str(decrypt(text))
    except Exception:  # noqa: BLE001  (tests also seal nonsense)
        return ""


def listen() -> None:
    """From now on, in this process."""
    root = logging.getLogger()
    for handler in root.handlers:  # the terminal goes on as before
        handler.setLevel(max(handler.level, root.level))
    root.addHandler(Listener())
    root.setLevel(logging.DEBUG)
    for name in (*logs.OURS, "django.request"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    settings.MIDDLEWARE = [MIDDLEWARE, *settings.MIDDLEWARE]
    pre_save.connect(note_row, dispatch_uid="secrets-in-logs")


def pytest_configure(config: pytest.Config) -> None:
    if settings.configured and MIDDLEWARE not in settings.MIDDLEWARE:
        listen()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judged after each phase: what was said in the fixtures counts as well."""
    report = yield
    printed = [text for title, text in report.sections if "log" not in title and title.endswith(f" {call.when}")]
    leaked = WATCH.leaks(*printed)
    WATCH.lines.clear()
    if leaked:
        report.outcome = "failed"
        told = "\n".join(dict.fromkeys(leaked))
        report.longrepr = f"{item.nodeid}\nA secret got out, into a line of the log or onto the terminal:\n{told}"
        report.sections = [(title, WATCH.masked(text)) for title, text in report.sections if "log" not in title]
    return report
