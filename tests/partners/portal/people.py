"""A partner's people at a browser: they sign in with a code, and press what the page offers."""

import re
from html import unescape
from typing import Any

from django.test import Client

from partners.member.models import Role
from partners.partner.models import Partner
from tests import factories
from tests.accounts.person import code, sign_in

DEV = "dev@aviare.example"
AT = "/partner/aviare/"


def browser_of(email: str = DEV) -> Client:
    """Signed in with a code a moment ago. CSRF is checked as in the real thing's tests of forms."""
    return sign_in(email)


def member_at(partner: Partner, role: Role = Role.OWNER, email: str = DEV) -> Client:
    factories.member(partner, email, role)
    return browser_of(email)


def grown_old(client: Client) -> None:
    """They signed in an hour ago."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()


def confirms(client: Client, address: str) -> Any:
    """The way of showing again who one is, to where it leads."""
    asked = client.post(address, {"action": "send"})
    return client.post(asked["Location"], {"code": code()})


def said(page: Any) -> str:
    """The text of a page, as it is read."""
    main = page.content.decode().partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def once(client: Client, page: str) -> str:
    """What its form carries, so that sending it twice is once."""
    found = re.search(r'name="once" value="([^"]+)"', client.get(page).content.decode())
    assert found is not None, page
    return found.group(1)


def send(client: Client, page: str, **typed: Any) -> Any:
    """Fill in the page's form and press."""
    return client.post(page, {"once": once(client, page), **typed})


def secret_on(page: Any) -> str:
    found = re.search(r'id="secret"[^>]*value="([^"]+)"', page.content.decode())
    assert found is not None
    return unescape(found.group(1))
