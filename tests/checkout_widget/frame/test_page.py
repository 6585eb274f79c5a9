"""The frame's page: a shell that holds nobody's data, also where the shop sends its visitor here by a form."""

import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.test import Client

from checkout_widget.session.models import CheckoutSession
from movmo.accounts.models import User
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.frames import Frame, policy_of, status_in
from tests.conftest import StoppedClock
from tests.factories import SHOP

EVIL = "https://evil.example"


def _redirected(checkout: Checkout, *, origin: str | None = SHOP, secret: str | None = None, **fields: str) -> Any:
    """As the shop's page does where neither a frame nor a window can be used."""
    sent = {"client_secret": checkout.client_secret if secret is None else secret, **fields}
    return Client(enforce_csrf_checks=True).post(checkout.url, sent, headers={"origin": origin} if origin else {})


def test_the_shell_comes_at_once_with_a_skeleton_and_no_data(ready: Checkout, ana: User) -> None:
    page = Frame(ready).page()
    text = page.content.decode()
    assert page.status_code == 200
    assert 'class="step skeleton"' in text
    assert f'data-origin="{SHOP}"' in text
    assert f'data-session="{ready.id}"' in text
    for private in (ana.email, "Andersson", ready.client_secret, ready.bearer, "data-bearer"):
        assert private not in text


def test_the_shell_speaks_the_language_of_its_session(checkouts: Checkouts) -> None:
    assert b'<html lang="de"' in Frame(checkouts.open(locale="de")).page().content


def test_everything_on_the_shell_is_its_own_and_has_the_nonce(opened: Checkout) -> None:
    page = Frame(opened).page()
    text = page.content.decode()
    (nonce,) = re.findall(r"'nonce-([^']+)'", str(policy_of(page)["script-src"]))
    tags = re.findall(r'<(?:script|link rel="stylesheet")[^>]*>', text)
    assert len(tags) >= 3
    for tag in tags:
        assert f'nonce="{nonce}"' in unescape(tag)
        assert re.search(r'(?:src|href)="/static/', tag), tag
    assert not re.search(r"<script[^>]*>[^<]|<style| style=| on\w+=", text)
    assert f"nonce-{nonce}" not in str(policy_of(Frame(opened).page()))


def test_the_files_of_the_shell_are_there(opened: Checkout, client: Client) -> None:
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', Frame(opened).page().content.decode()):
        answer = client.get(address)
        assert answer.status_code == 200, address
        answer.close()


@pytest.mark.parametrize("address", ["/c/nothing", "/c/", "/c/00000000-0000-0000-0000", "/c/../c/x"])
def test_a_malformed_address_is_a_page_that_nobody_may_frame(address: str, db: None, client: Client) -> None:
    _nobody_frames(client.get(address), 404)


def test_an_unknown_session_is_a_page_that_nobody_may_frame(db: None, client: Client) -> None:
    _nobody_frames(client.get(f"/c/{uuid.UUID(int=7)}"), 404)


def test_an_expired_session_is_a_page_that_nobody_may_frame(opened: Checkout, clock: StoppedClock) -> None:
    clock.forward(minutes=31)
    answer = Frame(opened).page()
    _nobody_frames(answer, 410)
    assert b"This checkout is over" in answer.content


def test_a_canceled_session_is_a_page_that_nobody_may_frame(opened: Checkout) -> None:
    CheckoutSession.objects.filter(pk=opened.id).update(state="canceled")
    _nobody_frames(Frame(opened).page(), 410)
    _nobody_frames(_redirected(opened), 410)


@pytest.mark.parametrize("state", ["confirming", "requires_action", "completed", "failed"])
def test_a_frame_may_be_loaded_anew_while_there_is_something_to_tell(opened: Checkout, state: str) -> None:
    CheckoutSession.objects.filter(pk=opened.id).update(state=state)
    page = Frame(opened).page()
    assert page.status_code == 200
    assert policy_of(page)["frame-ancestors"] == [SHOP]


def _nobody_frames(answer: Any, status: int) -> None:
    assert answer.status_code == status
    assert policy_of(answer)["frame-ancestors"] == ["'none'"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert not answer.cookies
    assert b"data-origin" not in answer.content


def test_the_shop_sends_its_visitor_here_with_the_secret_in_a_form(opened: Checkout) -> None:
    page = _redirected(opened, theme="dark")
    assert page.status_code == 200
    text = page.content.decode()
    assert 'data-theme="dark"' in text
    assert f'data-return="{SHOP}/thanks?session_id={opened.id}"' in text
    assert opened.client_secret not in text
    frame = Frame(opened)
    frame.bearer = _bearer_in(page)
    assert status_in(frame.get("step")) == "open"


def test_what_the_form_gives_is_read_by_nobody_else(opened: Checkout) -> None:
    page = _redirected(opened)
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in page.headers
    assert not page.cookies


def test_where_the_traveler_goes_back_keeps_what_the_shop_wrote(checkouts: Checkouts) -> None:
    checkout = checkouts.open(return_url=f"{SHOP}/thanks?cart=7&x=a%20b#end")
    text = unescape(_redirected(checkout).content.decode())
    assert f'data-return="{SHOP}/thanks?cart=7&x=a%20b&session_id={checkout.id}#end"' in text


@pytest.mark.parametrize("origin", [EVIL, "null", None, "https://shop.example.evil.example", "http://shop.example"])
def test_no_other_page_sends_anybody_here(opened: Checkout, origin: str | None) -> None:
    answer = _redirected(opened, origin=origin)
    _nobody_frames(answer, 403)
    assert opened.again().claims == 0


def test_a_form_with_a_wrong_secret_opens_nothing(opened: Checkout) -> None:
    _nobody_frames(_redirected(opened, secret="mvm_cs_wrong"), 401)
    _nobody_frames(_redirected(opened, secret=""), 401)


def test_a_theme_is_one_of_three(opened: Checkout) -> None:
    text = _redirected(opened, theme='dark"><script>').content.decode()
    assert 'data-theme="auto"' in text


def test_a_partner_with_a_name_of_markup_has_a_name(opened: Checkout) -> None:
    opened.session.partner.name = "<img src=x onerror=alert(1)>"
    opened.session.partner.save()
    text = Frame(opened).page().content.decode()
    assert "<img" not in text
    assert "&lt;img src=x" in text


def test_the_secret_in_an_address_is_no_secret(opened: Checkout) -> None:
    """Nothing reads it there, and nothing writes it there."""
    page = Client().get(f"{opened.url}?client_secret={opened.client_secret}")
    assert opened.client_secret not in page.content.decode()
    assert opened.again().claims == 0
    frame = Frame(opened).claimed()
    for answer in (frame.get("step"), frame.post("email", email="ana@example.com"), frame.page()):
        for known in (opened.client_secret, frame.bearer):
            assert known not in answer.content.decode()
            assert known not in str(answer.headers)
    assert Client().get(f"{opened.url}/step?bearer={frame.bearer}").status_code == 401


def _bearer_in(page: Any) -> str:
    found = re.search(r'data-bearer="([\w-]+)"', page.content.decode())
    assert found is not None
    return found.group(1)
