"""Who has the client secret gets the token, and one frame has it at a time."""

import logging
import uuid
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from checkout_widget.frame import claiming, signing_in, standing
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.refusals import FrameReplaced
from movmo.accounts.models import User
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.frames import Frame, status_in
from tests.conftest import StoppedClock

EVIL = "https://evil.example"


def test_the_secret_buys_a_token_and_the_token_shows_the_step(opened: Checkout) -> None:
    frame = Frame(opened)
    answer = frame.claim()
    assert answer.status_code == 200
    step = frame.get("step").content.decode()
    assert answer.json() == {"bearer": frame.bearer, "status": "open", "step": step}
    assert answer.headers["Cache-Control"].startswith("max-age=0") or "no-store" in answer.headers["Cache-Control"]
    shown = frame.get("step")
    assert shown.status_code == 200
    assert status_in(shown) == "open"


def test_neither_secret_nor_token_is_kept_as_it_is(opened: Checkout) -> None:
    frame = Frame(opened).claimed()
    row = CheckoutSession.objects.values().get(pk=opened.id)
    assert opened.client_secret not in str(row)
    assert frame.bearer not in str(row)


@pytest.mark.parametrize("wrong", ["", "mvm_cs_wrong", "null"])
def test_a_wrong_secret_opens_nothing(opened: Checkout, wrong: str) -> None:
    answer = Frame(opened).claim(wrong)
    assert answer.status_code == 401
    assert answer.json()["code"] == "client_secret_invalid"
    assert opened.again().claims == 0


def test_the_secret_of_another_session_opens_nothing(checkouts: Checkouts) -> None:
    one, other = checkouts.open(), checkouts.open()
    assert Frame(one).claim(other.client_secret).status_code == 401


def test_a_session_that_does_not_exist_is_not_there(opened: Checkout) -> None:
    answer = Client().post(f"/c/{uuid.UUID(int=7)}/claim", {"client_secret": "x"}, content_type="application/json")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"client_secret": 7}', b"{", b'{"client_secret": null}'])
def test_a_body_without_a_secret_is_refused(opened: Checkout, body: bytes) -> None:
    answer = Client().post(f"{opened.url}/claim", body, content_type="application/json")
    assert answer.status_code == 400
    assert opened.again().claims == 0


def test_a_form_is_no_claim(opened: Checkout) -> None:
    """Any page can send a form without asking; JSON it cannot."""
    answer = Client().post(f"{opened.url}/claim", {"client_secret": opened.client_secret})
    assert answer.status_code == 415
    assert opened.again().claims == 0


@pytest.mark.parametrize(
    "origin",
    [EVIL, "null", "https://testserver.evil.example", "https://shop.example", "http://[", "//testserver", ""],
)
def test_the_secret_is_worth_nothing_on_another_host(opened: Checkout, origin: str) -> None:
    frame = Frame(opened).claimed()
    answer = Frame(opened).claim(origin=origin)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert frame.get("step").status_code == 200  # whoever was there, stays


def test_a_stolen_session_id_opens_nothing(arrived: Checkout) -> None:
    """Whoever has the address only: no token, no fragment, nobody's name."""
    thief = Frame(arrived)
    for bearer in ("", "x", arrived.client_secret, str(arrived.id)):
        thief.bearer = bearer
        for path in ("step", "status", "email"):
            answer = thief.get(path)
            assert answer.status_code == 401
            assert b"ana@" not in answer.content
    assert b"ana" not in thief.page().content


def test_a_second_frame_starts_unauthenticated_and_the_first_is_refused(opened: Checkout, ana: User) -> None:
    """Session fixation: whoever holds the secret is not thereby the traveler who signed in with it."""
    first = Frame(opened).claimed()
    assert status_in(first.sign_in(ana.email)) == "authenticated"
    second = Frame(opened).claimed()
    assert opened.again().user_id is None
    assert status_in(second.get("step")) == "open"
    refused = first.get("step")
    assert refused.status_code == 401
    assert b'data-error="frame_replaced" data-fatal' in refused.content


def test_a_code_that_waits_in_one_frame_is_not_for_the_next(opened: Checkout, ana: User) -> None:
    first = Frame(opened).claimed()
    code = first.ask_for_code(ana.email)
    second = Frame(opened).claimed()
    assert ana.email.encode() not in second.get("step").content
    assert second.post("code", code=code).status_code == 422
    assert opened.again().user_id is None


def test_somebody_signed_in_at_movmo_is_nobody_in_a_frame(opened: Checkout, ana: User) -> None:
    browser = Client()
    browser.force_login(ana)
    frame = Frame(opened, agent=browser).claimed()
    assert status_in(frame.get("step")) == "open"
    assert opened.again().user_id is None


def test_one_network_opens_one_checkout_so_many_times(opened: Checkout) -> None:
    frame = Frame(opened)
    for _ in range(claiming.CLAIMS_PER_HOUR // 2):
        frame.claimed()
    refused = frame.claim()
    assert refused.status_code == 429
    assert refused.json()["code"] == "too_many_claims"
    assert int(refused.headers["Retry-After"]) > 0
    assert frame.get("step").status_code == 200  # the frame that is there goes on
    assert Frame(opened, address="192.0.2.7").claim().status_code == 200


def test_wrong_secrets_are_counted_too(opened: Checkout) -> None:
    statuses = {Frame(opened).claim("wrong").status_code for _ in range(claiming.WRONG_PER_HOUR // 2 + 1)}
    assert statuses == {401, 429}


def test_wrong_secrets_are_counted_over_all_sessions(checkouts: Checkouts) -> None:
    one, other = checkouts.open(), checkouts.open()
    for number in range(claiming.WRONG_PER_HOUR // 2):
        assert Frame(other if number % 2 else one).claim("wrong").status_code == 401
    refused = Frame(other).claim("wrong")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    nowhere = Client().post(f"/c/{uuid.uuid4()}/claim", {"client_secret": "x"}, content_type="application/json")
    assert nowhere.status_code == 429
    assert Frame(one, address="192.0.2.7").claim("wrong").status_code == 401


def test_strangers_of_the_same_network_lock_nobody_out(opened: Checkout) -> None:
    """They share an address with the traveler, know the session, and have no secret."""
    for _ in range(claiming.WRONG_PER_HOUR):
        Frame(opened).claim("wrong")
    assert Frame(opened).claim("wrong").status_code == 429
    for _ in range(claiming.CLAIMS_PER_HOUR // 2):
        assert Frame(opened).claim().status_code == 200
    assert Frame(opened).claim().status_code == 429


def test_a_claim_that_is_told_of_an_end_shows_it(opened: Checkout, clock: StoppedClock) -> None:
    clock.forward(minutes=31)
    told = Frame(opened).claim().json()
    assert told["status"] == "expired"
    assert 'data-status="expired"' in told["step"]
    assert "data-fatal" in told["step"]


def test_a_session_that_is_over_tells_its_frame_so(opened: Checkout, clock: StoppedClock) -> None:
    frame = Frame(opened).claimed()
    clock.forward(minutes=31)
    shown = frame.get("step")
    assert status_in(shown) == "expired"
    assert b"data-fatal" in shown.content
    assert frame.post("email", email="ana@example.com").status_code == 410


def test_a_booking_that_was_made_is_told_to_a_frame_that_comes_back(ready: Checkout) -> None:
    CheckoutSession.objects.filter(pk=ready.id).update(state="confirming")
    frame = Frame(ready)
    assert frame.claim().json()["status"] == "confirming"
    assert frame.page().status_code == 200


def test_a_code_that_was_typed_in_a_frame_that_is_gone_signs_nobody_in(opened: Checkout, ana: User) -> None:
    """The frame was there when its request began, and another had claimed the session when it was done."""
    first = Frame(opened).claimed()
    first.ask_for_code(ana.email)
    begun = CheckoutSession.objects.get(pk=opened.id)
    second = Frame(opened).claimed()
    with pytest.raises(FrameReplaced):
        signing_in.keep(begun, {"kept": "by the first"})
    with pytest.raises(FrameReplaced):
        signing_in.arrive(begun, ana.email, {})
    assert opened.again().user_id is None
    assert opened.session.signing_in is None
    assert status_in(second.get("step")) == "open"


def test_neither_secret_nor_token_comes_into_the_log(opened: Checkout, caplog: pytest.LogCaptureFixture) -> None:
    frame = Frame(opened)
    with caplog.at_level(logging.DEBUG):
        frame.claimed()
        frame.get("step")
        frame.claim("mvm_cs_wrong")
        Frame(opened).get("step")
        frame.post("email", email="no address")
        frame.client.post(f"{opened.url}/claim", b'{"client_secret": ', content_type="application/json")
    assert "Unauthorized" in caplog.text
    for secret in (opened.client_secret, frame.bearer, "mvm_cs_"):
        assert secret not in caplog.text


def test_a_request_that_outlives_its_frame_shows_nobody_elses_step(arrived: Checkout, rf: RequestFactory) -> None:
    """Its session is read anew, and is another frame's by then, in which somebody else has signed in."""
    frame = Frame(arrived).claimed()

    class Slow(standing.Step):
        def get(self, request: HttpRequest, **path: Any) -> HttpResponse:
            Frame(arrived).claimed().sign_in("bo@example.com")
            self.session.refresh_from_db()
            return super().get(request, **path)

    request = rf.get(f"{arrived.url}/step", headers={"Authorization": f"Bearer {frame.bearer}"})
    answer = Slow.as_view()(request, session_id=arrived.id)
    assert isinstance(answer, HttpResponse)
    assert answer.status_code == 401
    assert b"frame_replaced" in answer.content
    assert b"authenticated" not in answer.content
