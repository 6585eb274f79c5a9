"""A person at a browser: signs in the way people do."""

import re
from typing import Any

from django.core import mail
from django.test import Client

LOGIN = "/accounts/login/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1"
)


def code() -> str:
    """The code of the newest letter."""
    found = re.search(r"^\d{6}$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found is not None
    return found.group()


def wrong(right: str) -> str:
    return "000000" if right != "000000" else "111111"


def ask(client: Client, email: str, page: str = LOGIN) -> Any:
    return client.post(page, {"email": email})


def sign_in(email: str = "ana@example.com", *, browser: str = FIREFOX, network: str = "192.0.2.1") -> Client:
    """A browser that was never here before, signed in."""
    client = Client(headers={"user-agent": browser}, REMOTE_ADDR=network)
    return sign_in_again(client, email)


def sign_in_again(client: Client, email: str = "ana@example.com") -> Client:
    asked = ask(client, email)
    assert client.post(asked["Location"], {"code": code()})["Location"] == "/accounts/"
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/accounts/").status_code == 200
