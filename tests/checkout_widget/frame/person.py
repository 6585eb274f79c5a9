"""Somebody in the frame: reads its fragments, and sends their forms with the frame's token."""

import re
from html import unescape
from typing import Any

from django.test import Client

from tests.checkout_widget.conftest import Checkout
from tests.contract.world import born, type_card, type_code

NEW = {"given_name": "Ana María", "family_name": "Andersson", "gender": "F", "email": "", "phone_number": ""}


class Person:
    """`page` is what the frame shows, `status` how the server answered last."""

    def __init__(self, checkout: Checkout, client: Client) -> None:
        self.checkout = checkout
        self.client = client
        self.page = ""
        self.status = 0

    def gets(self, path: str, **query: str) -> str:
        return self._shown(self.client.get(f"{self.checkout.url}/{path}", query, headers=self.checkout.headers))

    def posts(self, path: str, **sent: Any) -> str:
        return self._shown(self.client.post(f"{self.checkout.url}/{path}", sent, headers=self.checkout.headers))

    def _shown(self, answer: Any) -> str:
        self.page, self.status = answer.content.decode(), answer.status_code
        return self.page

    def step(self) -> str:
        return self.gets("step")

    def value(self, name: str) -> str:
        """Of a hidden input of the page."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found is not None, f"no {name} in {self.page}"
        return unescape(found[1])

    def says(self) -> str:
        """The page's text, in one line."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.page)).split())

    # What a traveler does

    def adds_a_passenger(self, type_: str = "ADT", **changes: Any) -> str:
        """To the first slot that is empty."""
        self.gets("passengers", slot_id=self.value("slot_id"))
        return self.fills_in(**{**NEW, "birth_date": born(type_).isoformat(), **changes})

    def fills_in(self, **typed: Any) -> str:
        """The form of a passenger that is shown."""
        hidden = {name: self.value(name) for name in ("slot_id", "key")}
        for name in ("passenger_id", "only_document"):
            if f'name="{name}" value' in self.page:
                hidden[name] = self.value(name)
        return self.posts("passengers", **hidden, **typed)

    def adds_a_card(self, number: str = "4242424242424242") -> str:
        self.gets("cards")
        script = re.search(r'data-script="([^"]*)"', self.page)
        assert script is not None, self.page
        sent = {name: self.value(name) for name in ("key", "capture_id")}
        return self.posts("cards", **sent, vault_token=type_card(script[1], number))

    def chosen_card(self) -> str:
        found = re.search(r'name="payment_method_id" value="([^"]*)" checked', self.page)
        assert found is not None, self.page
        return found[1]

    def confirms(self, **changes: Any) -> str:
        """What the button of the page sends."""
        sent = {"quote_version": self.value("quote_version"), **changes}
        if "payment_method_id" not in sent:
            is_chosen = 'type="radio"' in self.page
            sent["payment_method_id"] = self.chosen_card() if is_chosen else self.value("payment_method_id")
        return self.posts("confirm", **sent)

    @property
    def is_asked_for_the_code(self) -> bool:
        return "data-recache" in self.page

    def types_the_code(self, code: str = "") -> None:
        """Into the vault's field, which the page shows."""
        code = code or ("1234" if 'data-brand="american_express"' in self.page else "123")
        token, script = (re.search(rf'data-{name}="([^"]*)"', self.page) for name in ("recache", "script"))
        assert token is not None and script is not None, self.page
        type_code(script[1], token[1], code).raise_for_status()

    def pays(self) -> str:
        """Says yes, with the security code where that is asked for."""
        self.confirms()
        if self.is_asked_for_the_code:
            self.types_the_code()
            self.confirms()
        return self.page
