"""What is no answer of a passkey, where one is expected: whatever it is, it is refused."""

import json

import pytest
from django.test import Client
from pytest_django import Settings

from tests.accounts.person import LOGIN, sign_in

NEW, SIGN_IN = "/accounts/passkeys/new/", "/accounts/login/passkey/"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _has_a_name(settings: Settings) -> None:
    settings.ORIGIN = "http://localhost:8000"


GOOD = {"id": "aQ", "rawId": "aQ", "type": "public-key", "response": {}}
CLIENT = "eyJvcmlnaW4iOiAiaHR0cDovL2xvY2FsaG9zdDo4MDAwIn0"  # {"origin": "http://localhost:8000"}
STRANGE = [
    "",
    "null",
    "[]",
    "{}",
    "{",
    "[" * 5000,
    "x" * 20_000,
    json.dumps(GOOD),
    json.dumps({**GOOD, "response": None}),
    json.dumps({**GOOD, "response": {"clientDataJSON": 7}}),
    json.dumps({**GOOD, "response": {"clientDataJSON": "!"}}),
    json.dumps({**GOOD, "response": {"clientDataJSON": CLIENT}}),
    json.dumps({**GOOD, "response": {"clientDataJSON": CLIENT, "attestationObject": "oA", "authenticatorData": "AA"}}),
    json.dumps({**GOOD, "response": {"clientDataJSON": CLIENT, "attestationObject": "gYGBgYGBgYGBgYGB" * 600}}),
    json.dumps({**GOOD, "response": {"clientDataJSON": CLIENT, "attestationObject": "uw__________"}}),
    json.dumps(
        {
            **GOOD,
            "rawId": {},
            "response": {
                "clientDataJSON": CLIENT,
                "authenticatorData": "A" * 100,
                "signature": "AA",
                "userHandle": "AA",
            },
        }
    ),
]


@pytest.mark.parametrize("sent", STRANGE)
def test_strange_input_is_refused_and_breaks_nothing(sent: str) -> None:
    ana = sign_in()
    ana.get(f"{NEW}options/")
    assert ana.post(NEW, {"name": "x", "credential": sent})["Location"] == NEW
    browser = Client()
    browser.get(SIGN_IN)
    assert browser.post(SIGN_IN, {"credential": sent})["Location"] == LOGIN
