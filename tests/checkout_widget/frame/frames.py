"""A frame as a browser has it: it claims, keeps its token in memory, and sends that with every request."""

import re
from typing import Any

from django.core import mail
from django.test import Client

from checkout_widget.frame.access import FRAGMENT
from tests.checkout_widget.conftest import Checkout

OURS = "http://testserver"


class Frame:
    def __init__(self, checkout: Checkout, *, agent: Client | None = None, address: str = "127.0.0.1") -> None:
        self.checkout = checkout
        self.client = agent or Client(enforce_csrf_checks=True)
        self.address = address
        self.bearer = ""

    @property
    def url(self) -> str:
        return self.checkout.url

    def page(self) -> Any:
        return self.client.get(self.url)

    def claim(self, secret: str | None = None, **headers: str) -> Any:
        sent = {"client_secret": self.checkout.client_secret if secret is None else secret}
        answer = self.client.post(
            f"{self.url}/claim",
            sent,
            content_type="application/json",
            headers={"origin": OURS, **headers},
            REMOTE_ADDR=self.address,
        )
        if answer.status_code == 200:
            self.bearer = answer.json()["bearer"]
        return answer

    def claimed(self) -> "Frame":
        assert self.claim().status_code == 200
        return self

    def get(self, path: str) -> Any:
        return self.client.get(f"{self.url}/{path}", headers=self._headers())

    def post(self, path: str, **fields: str) -> Any:
        return self.client.post(f"{self.url}/{path}", fields, headers=self._headers(), REMOTE_ADDR=self.address)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.bearer}"}

    def ask_for_code(self, email: str) -> str:
        """The code of the letter."""
        assert self.post("email", email=email).status_code == 200
        return newest_code()

    def sign_in(self, email: str) -> Any:
        return self.post("code", code=self.ask_for_code(email))


def newest_code() -> str:
    found = re.search(r"\b\d{6}\b", str(mail.outbox[-1].body))
    assert found is not None
    return found.group()


def status_in(answer: Any) -> str:
    """As the fragment tells the frame's script."""
    assert answer.headers[FRAGMENT] == "1"
    found = re.search(r'data-status="(\w+)"', answer.content.decode())
    assert found is not None, answer.content
    return found.group(1)


def policy_of(answer: Any) -> dict[str, list[str]]:
    directives = (part.split() for part in answer.headers["Content-Security-Policy"].split("; "))
    return {name: sources for name, *sources in directives}
