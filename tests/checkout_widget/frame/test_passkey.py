"""Signing in in the frame with a passkey: a challenge of this checkout, answered once, by its owner, in this shop."""

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator as Kept
from django.core import mail
from django.db.models.signals import pre_save
from django.test import Client

from movmo.accounts.models import Device, User
from tests.accounts.authenticator import Authenticator
from tests.accounts.person import sign_in
from tests.accounts.removing import removed_once_judged
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.frames import Frame, newest_code, status_in
from tests.clear_text import tells_the_card
from tests.conftest import StoppedClock
from tests.factories import DEMO_SHOP, SHOP
from tests.operations.together import together

HERE, EVIL = "http://localhost:8000", "https://evil.example"
IN_THE_SHOP = {"crossOrigin": True, "topOrigin": SHOP}
NOBODY = "MDE5YTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAw"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _has_a_name(settings: Any) -> None:
    settings.ORIGIN = HERE


@pytest.fixture
def telephone(ana: User) -> Authenticator:
    """ana's, added on the page of her account. It is asked in a frame of the shop's from then on."""
    return added(ana.email, Authenticator(origin=HERE))


@pytest.fixture
def frame(opened: Checkout) -> Frame:
    return Frame(opened).claimed()


def added(email: str, device: Authenticator) -> Authenticator:
    page = "/accounts/passkeys/new/"
    browser = sign_in(email)
    created = device.create(browser.get(f"{page}options/").json())
    assert browser.post(page, {"name": "My telephone", "credential": created}).status_code == 302
    mail.outbox.clear()
    device.around = IN_THE_SHOP
    return device


def challenge(frame: Frame) -> Any:
    answer = frame.get("passkey")
    assert answer.status_code == 200
    return answer.json()


def answered(frame: Frame, device: Authenticator, **changes: Any) -> Any:
    return frame.post("passkey", credential=device.get(challenge(frame), **changes))


def is_refused(frame: Frame, answer: Any) -> bool:
    """In words, with the way by e-mail beside them; nobody is signed in."""
    assert frame.checkout.again().user_id is None
    page = answer.content.decode()
    return answer.status_code == 422 and "passkey was not accepted" in page and 'name="email"' in page


def test_it_signs_its_owner_in_without_a_letter(frame: Frame, telephone: Authenticator, ana: User) -> None:
    assert status_in(answered(frame, telephone)) == "authenticated"
    session = frame.checkout.again()
    assert (session.state, session.user_id, session.signing_in) == ("authenticated", ana.pk, None)
    assert Kept.objects.get().last_used_at is not None
    assert not mail.outbox
    assert Device.objects.count() == 1  # the one of the page


@pytest.mark.parametrize("around", [{"crossOrigin": True}, {"crossOrigin": False}, {}])
def test_browsers_that_do_not_say_by_whom_and_windows(frame: Frame, telephone: Authenticator, around: Any) -> None:
    telephone.around = around
    assert status_in(answered(frame, telephone)) == "authenticated"


@pytest.mark.parametrize(
    "around",
    [
        {"crossOrigin": True, "topOrigin": EVIL},
        {"crossOrigin": True, "topOrigin": DEMO_SHOP},  # registered too, but for another session
        {"crossOrigin": True, "topOrigin": f"{SHOP}/"},
        {"crossOrigin": True, "topOrigin": f"{SHOP}.evil.example"},
        {"crossOrigin": True, "topOrigin": None},
        {"crossOrigin": False, "topOrigin": EVIL},
        {"topOrigin": SHOP},
        {"crossOrigin": "true", "topOrigin": SHOP},
        {"crossOrigin": 1},
        {"crossOrigin": None},
    ],
)
def test_a_frame_of_somebody_else_s_page_is_refused(frame: Frame, telephone: Authenticator, around: Any) -> None:
    telephone.around = around
    assert is_refused(frame, answered(frame, telephone))


@pytest.mark.parametrize("origin", [EVIL, SHOP, "http://evil.localhost:8000", "http://localhost:9999"])
def test_an_answer_of_another_origin_is_refused(frame: Frame, telephone: Authenticator, origin: str) -> None:
    telephone.origin = origin
    assert is_refused(frame, answered(frame, telephone))


def test_an_answer_for_another_party_is_refused(frame: Frame, telephone: Authenticator) -> None:
    telephone.rp_id = "shop.example"
    assert is_refused(frame, answered(frame, telephone))


def test_a_device_that_verifies_nobody_is_refused(frame: Frame, telephone: Authenticator) -> None:
    telephone.verifies = False
    assert is_refused(frame, answered(frame, telephone))


def test_what_opens_nothing_is_refused_in_one_way(checkouts: Checkouts, telephone: Authenticator, ana: User) -> None:
    """Whoever tries learns neither who has an account, nor who has a passkey, nor whose account is closed."""
    forged = Authenticator(origin=HERE, id_=telephone.id)
    forged.around = IN_THE_SHOP
    laptop = added("bo@example.com", Authenticator(origin=HERE, id_=b"j" * 32))
    tries = [(forged, telephone.user_handle), (forged, NOBODY), (forged, "bm9ib2R5"), (telephone, laptop.user_handle)]
    frames = [Frame(checkouts.open()).claimed() for _ in range(len(tries) + 1)]
    answers = [answered(frame, device, user_handle=handle) for frame, (device, handle) in zip(frames, tries)]  # noqa: B905
    User.objects.filter(pk=ana.pk).update(is_active=False)
    answers.append(answered(frames[-1], telephone))
    assert all(is_refused(frame, answer) for frame, answer in zip(frames, answers, strict=True))
    pages = [
        answer.content.decode().replace(str(frame.checkout.id), "")
        for frame, answer in zip(frames, answers, strict=True)
    ]
    assert set(pages) == {pages[0]}
    assert challenge(frames[0])["publicKey"]["allowCredentials"] == []


class TestAChallengeIsGoodOnce:
    def test_not_after_an_answer_that_was_refused(self, frame: Frame, telephone: Authenticator) -> None:
        asked = challenge(frame)
        forged = Authenticator(origin=HERE, id_=telephone.id)
        forged.around = IN_THE_SHOP
        assert is_refused(frame, frame.post("passkey", credential=forged.get(asked, user_handle=telephone.user_handle)))
        assert is_refused(frame, frame.post("passkey", credential=telephone.get(asked)))

    def test_not_in_the_next_frame_of_the_same_checkout(self, frame: Frame, telephone: Authenticator) -> None:
        answer = telephone.get(challenge(frame))
        frame.post("passkey", credential=answer)
        again = Frame(frame.checkout).claimed()
        assert is_refused(again, again.post("passkey", credential=answer))
        challenge(again)
        assert is_refused(again, again.post("passkey", credential=answer))

    def test_of_two_answers_at_once_one_is_taken(self, frame: Frame, telephone: Authenticator, ana: User) -> None:
        answer = telephone.get(challenge(frame))
        shown = together(*[lambda: frame.post("passkey", credential=answer)] * 2)
        assert frame.checkout.again().user_id == ana.pk
        assert frame.checkout.told().count("authenticated") == 1
        assert not [one for one in shown if isinstance(one, Exception)]

    def test_the_newest_alone(self, frame: Frame, telephone: Authenticator) -> None:
        answer = telephone.get(challenge(frame))
        challenge(frame)
        assert is_refused(frame, frame.post("passkey", credential=answer))


def test_a_challenge_of_another_checkout_is_none_here(checkouts: Checkouts, telephone: Authenticator) -> None:
    one, other = Frame(checkouts.open()).claimed(), Frame(checkouts.open()).claimed()
    challenge(other)
    assert is_refused(other, other.post("passkey", credential=telephone.get(challenge(one))))


def test_nor_is_one_of_a_page(frame: Frame, telephone: Authenticator) -> None:
    telephone.around = {"crossOrigin": False}
    answer = telephone.get(Client().get("/accounts/login/passkey/").json())
    assert is_refused(frame, frame.post("passkey", credential=answer))


def test_a_challenge_is_over_after_five_minutes(frame: Frame, telephone: Authenticator, clock: StoppedClock) -> None:
    answer = telephone.get(challenge(frame))
    clock.forward(minutes=5, seconds=1)
    assert is_refused(frame, frame.post("passkey", credential=answer))


class TestAnotherFrameTakesOver:
    def test_before_the_answer(self, frame: Frame, telephone: Authenticator) -> None:
        answer = telephone.get(challenge(frame))
        other = Frame(frame.checkout).claimed()
        late = frame.post("passkey", credential=answer)
        assert (late.status_code, b'data-error="frame_replaced"' in late.content) == (401, True)
        assert is_refused(other, other.post("passkey", credential=answer))

    def test_while_the_answer_is_judged(self, frame: Frame, telephone: Authenticator) -> None:
        def claim(**_: Any) -> None:
            Frame(frame.checkout).claimed()

        answer = telephone.get(challenge(frame))
        pre_save.connect(claim, sender=Kept)
        try:
            late = frame.post("passkey", credential=answer)
        finally:
            pre_save.disconnect(claim, sender=Kept)
        assert (late.status_code, b'data-error="frame_replaced"' in late.content) == (401, True)
        assert frame.checkout.again().user_id is None


def test_without_the_frame_s_token_there_is_neither(frame: Frame, telephone: Authenticator) -> None:
    answer = telephone.get(challenge(frame))
    frame.bearer = "x"
    assert frame.get("passkey").status_code == 401
    assert frame.post("passkey", credential=answer).status_code == 401
    assert frame.checkout.again().user_id is None


def test_tries_are_those_of_the_page(checkouts: Checkouts, telephone: Authenticator, settings: Any) -> None:
    settings.MOVMO_PASSKEY_SIGN_INS_PER_HOUR = 4
    one, other = Frame(checkouts.open()).claimed(), Frame(checkouts.open()).claimed()
    answer = telephone.get(challenge(one))
    challenge(other)
    refused = [other.get("passkey"), one.post("passkey", credential=answer), Client().get("/accounts/login/passkey/")]
    assert [one.status_code for one in refused] == [429] * 3
    assert all(int(one.headers["Retry-After"]) > 0 for one in refused)
    assert b"too often" in refused[1].content
    assert one.checkout.again().user_id is None


def test_it_is_offered_where_browsers_have_passkeys(frame: Frame, settings: Any) -> None:
    assert b"Sign in with a passkey" in frame.get("step").content
    settings.ORIGIN = "http://127.0.0.1:8000"
    assert b"passkey" not in frame.get("step").content


def test_who_is_signed_in_is_not_asked_again(frame: Frame, telephone: Authenticator, bo: User) -> None:
    answer = telephone.get(challenge(frame))
    frame.sign_in(bo.email)
    late = frame.get("passkey")
    assert (late.status_code, b"checkout_not_open" in late.content) == (409, True)
    assert status_in(frame.post("passkey", credential=answer)) == "authenticated"
    assert frame.checkout.again().user_id == bo.pk


def test_the_code_that_was_sent_stays_good(frame: Frame, telephone: Authenticator, ana: User) -> None:
    frame.ask_for_code(ana.email)
    telephone.verifies = False
    assert is_refused(frame, answered(frame, telephone))
    assert status_in(frame.post("code", code=newest_code())) == "authenticated"


def test_one_that_is_removed_meanwhile_is_refused(frame: Frame, telephone: Authenticator) -> None:
    answer = telephone.get(challenge(frame))
    with removed_once_judged():
        assert is_refused(frame, frame.post("passkey", credential=answer))


@pytest.mark.parametrize("sent", ["", "null", "[]", "{", "[" * 5000, "x" * 20_000, json.dumps({"response": None})])
def test_strange_input_is_refused(frame: Frame, sent: str) -> None:
    challenge(frame)
    assert is_refused(frame, frame.post("passkey", credential=sent))


@pytest.mark.parametrize(("typed", "shown"), [("ana@", "ana@"), ("4242424242424242@example.com", "")])
def test_what_was_typed_beside_it_stays_unless_it_is_a_card(frame: Frame, typed: str, shown: str) -> None:
    answer = frame.post("passkey", credential="", email=typed)
    assert f'name="email" value="{shown}"' in answer.content.decode()
    assert not tells_the_card(answer.content.decode())
