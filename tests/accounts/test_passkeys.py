"""Passkeys: a convenience, never a step that is required of a traveler."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator as Kept
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.test import Client
from pytest_django import Settings

from movmo.accounts.models import User
from tests.accounts.authenticator import Authenticator
from tests.accounts.person import LOGIN, code, is_signed_in, sign_in, sign_in_again, wrong
from tests.accounts.removing import removed_once_judged
from tests.conftest import StoppedClock
from tests.letters import post

PAGE, NEW, SIGN_IN, CONFIRM = (
    "/accounts/passkeys/",
    "/accounts/passkeys/new/",
    "/accounts/login/passkey/",
    "/accounts/confirm/",
)
HERE = "http://localhost:8000"
AWAY = "https://elsewhere.example"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _has_a_name(settings: Settings) -> None:
    settings.ORIGIN = HERE


@pytest.fixture
def telephone() -> Authenticator:
    return Authenticator(origin=HERE)


def add(client: Client, device: Authenticator, name: str = "My telephone") -> Any:
    return client.post(NEW, {"name": name, "credential": device.create(client.get(f"{NEW}options/").json())})


def sign_in_by(device: Authenticator, client: Client | None = None, **sent: Any) -> Client:
    """A browser that tried."""
    client = client or Client()
    challenge = client.get(SIGN_IN).json()
    client.post(SIGN_IN, {"credential": device.get(challenge), **sent})
    return client


def grown_old(client: Client) -> None:
    """ana signed in an hour ago."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()


def test_a_passkey_signs_its_owner_in(telephone: Authenticator) -> None:
    ana = sign_in()
    assert add(ana, telephone)["Location"] == PAGE
    assert "My telephone" in ana.get(PAGE).content.decode()
    browser = sign_in_by(telephone)
    assert browser.get("/accounts/").context["user"].email == "ana@example.com"
    assert "Last used</dt><dd><time" in browser.get(PAGE).content.decode()


def test_whoever_lost_the_device_signs_in_with_a_code_alone(telephone: Authenticator) -> None:
    add(sign_in(), telephone)
    assert is_signed_in(sign_in())


def test_the_sign_in_page_offers_it_where_it_works(settings: Settings) -> None:
    assert "Sign in with a passkey" in Client().get(LOGIN).content.decode()
    settings.ORIGIN = "http://127.0.0.1:8000"
    assert "passkey" not in Client().get(LOGIN).content.decode()
    ana = sign_in()
    assert "reached by its number" in ana.get(PAGE).content.decode()
    assert ana.get(NEW)["Location"] == PAGE


def test_adding_and_removing_are_told_to_the_owner(telephone: Authenticator) -> None:
    ana = sign_in()
    add(ana, telephone)
    ana.post(f"{PAGE}{Kept.objects.get().pk}/", {"action": "remove"})
    post()
    assert [letter.subject for letter in mail.outbox[1:]] == [
        "A passkey was added to your Movmo account",
        "A passkey was removed from your Movmo account",
    ]
    assert not is_signed_in(sign_in_by(telephone))


def test_one_that_is_removed_while_it_signs_in_is_refused(telephone: Authenticator) -> None:
    add(sign_in(), telephone)
    browser = Client()
    with removed_once_judged():
        sign_in_by(telephone, browser)
    assert not is_signed_in(browser)
    assert "That passkey was not accepted" in browser.get(LOGIN).content.decode()


def test_nor_does_it_confirm_anything(telephone: Authenticator) -> None:
    ana = sign_in()
    add(ana, telephone)
    grown_old(ana)
    with removed_once_judged():
        assert confirm_by(ana, telephone)["Location"].startswith(CONFIRM)
    assert ana.get(NEW)["Location"].startswith(CONFIRM)


def test_renaming(telephone: Authenticator) -> None:
    ana = sign_in()
    add(ana, telephone)
    one = f"{PAGE}{Kept.objects.get().pk}/"
    assert ana.post(one, {"name": "Old <b>phone</b>"})["Location"] == PAGE
    assert "Old &lt;b&gt;phone&lt;/b&gt;" in ana.get(PAGE).content.decode()
    assert "Give it a name" in ana.post(one, {"name": " "}).content.decode()
    assert is_signed_in(sign_in_by(telephone))


def test_a_passkey_has_a_name(telephone: Authenticator) -> None:
    assert "Give it a name" in add(sign_in(), telephone, "").content.decode()
    assert not Kept.objects.exists()


def test_a_card_number_is_no_name(telephone: Authenticator) -> None:
    page = add(sign_in(), telephone, "4242 4242 4242 4242").content.decode()
    assert "holds a card number" in page
    assert "4242 4242" not in page
    assert not Kept.objects.exists()


def test_a_person_has_ten_at_most() -> None:
    ana = sign_in()
    for number in range(11):
        last = add_if_allowed(ana, Authenticator(origin=HERE, id_=bytes([number]) * 32))
    assert (Kept.objects.count(), last["Location"]) == (10, PAGE)


def add_if_allowed(client: Client, device: Authenticator) -> Any:
    options = client.get(f"{NEW}options/")
    return client.post(NEW, {"name": "One more", "credential": device.create(options.json())})


@pytest.mark.parametrize("page", [NEW, f"{NEW}options/", f"{PAGE}1/"])
def test_an_old_session_confirms_first_that_it_is_hers(telephone: Authenticator, page: str) -> None:
    ana = sign_in()
    add(ana, telephone)
    page = page.replace("1", str(Kept.objects.get().pk))
    grown_old(ana)
    for answer in (ana.get(page), ana.post(page, {"action": "remove"})):
        assert answer["Location"].startswith(CONFIRM)
    assert Kept.objects.count() == 1


def test_confirming_with_a_code() -> None:
    ana = sign_in()
    grown_old(ana)
    offered = ana.get(ana.get(NEW)["Location"])
    assert "Send me a code" in offered.content.decode()
    sent = ana.post(CONFIRM, {"action": "send", "next": NEW})
    assert "is your Movmo code" in mail.outbox[-1].subject
    assert ana.post(sent["Location"], {"code": wrong(code()), "next": NEW}).status_code == 200
    assert ana.post(sent["Location"], {"code": code(), "next": NEW})["Location"] == NEW
    assert ana.get(NEW).status_code == 200


def test_three_wrong_codes_confirm_nothing() -> None:
    ana = sign_in()
    grown_old(ana)
    ana.post(CONFIRM, {"action": "send"})
    for _ in range(3):
        ana.post(CONFIRM, {"code": wrong(code())})
    ana.post(CONFIRM, {"code": code()})
    assert ana.get(NEW)["Location"].startswith(CONFIRM)


def test_a_code_to_sign_in_confirms_nothing() -> None:
    """Two purposes, two codes: neither is taken for the other."""
    ana = sign_in()
    grown_old(ana)
    used = code()
    ana.post(CONFIRM, {"code": used})
    assert ana.get(NEW)["Location"].startswith(CONFIRM)


def test_confirming_says_so_when_no_letter_can_be_sent(settings: Settings) -> None:
    ana = sign_in()
    settings.EMAIL_BACKEND = "tests.accounts.mail_away.Backend"
    answer = ana.post(CONFIRM, {"action": "send"})
    assert (answer.status_code, "could not send" in answer.content.decode()) == (503, True)


def test_confirming_is_limited_as_signing_in_is(settings: Settings) -> None:
    ana = sign_in("limited@example.com")
    settings.MOVMO_CODES_PER_HOUR = 2
    answers = [ana.post(CONFIRM, {"action": "send"}).status_code for _ in range(3)]
    assert answers[-1] == 429


@pytest.mark.parametrize("away", [AWAY, "//elsewhere.example"])
def test_next_never_leaves_this_server(telephone: Authenticator, away: str) -> None:
    ana = sign_in()
    add(ana, telephone)
    ana.post(CONFIRM, {"action": "send", "next": away})
    assert ana.post(CONFIRM, {"code": code(), "next": away})["Location"] == "/accounts/"
    browser = Client()
    answer = browser.get(SIGN_IN, {"next": away}).json()
    assert browser.post(SIGN_IN, {"credential": telephone.get(answer), "next": away})["Location"] == "/accounts/"


def test_next_leads_on_after_a_passkey(telephone: Authenticator) -> None:
    add(sign_in(), telephone)
    browser = Client()
    answer = browser.get(SIGN_IN).json()
    assert browser.post(SIGN_IN, {"credential": telephone.get(answer), "next": "/docs"})["Location"] == "/docs"


def test_another_s_passkey_is_not_there(telephone: Authenticator) -> None:
    add(sign_in(), telephone)
    bo, one = sign_in("bo@example.com"), f"{PAGE}{Kept.objects.get().pk}/"
    answers = [bo.get(one), bo.post(one, {"name": "Mine"}), bo.post(one, {"action": "remove"})]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert Kept.objects.get().wrap().name == "My telephone"


def test_the_relying_party_is_our_origin_s_host_whatever_the_host_header_says(settings: Settings) -> None:
    settings.ORIGIN = "https://movmo.example"
    settings.ALLOWED_HOSTS = ["*"]
    options = sign_in().get(f"{NEW}options/", headers={"host": "evil.example"}).json()["publicKey"]
    assert options["rp"] == {"id": "movmo.example", "name": "Movmo"}
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert Client().get(SIGN_IN, headers={"host": "evil.example"}).json()["publicKey"]["rpId"] == "movmo.example"


@pytest.mark.parametrize(
    "origin", [AWAY, "http://evil.localhost:8000", "http://localhost:9999", "https://localhost:8000"]
)
def test_a_passkey_made_on_a_page_elsewhere_is_refused(telephone: Authenticator, origin: str) -> None:
    ana = sign_in()
    assert add(ana, Authenticator(origin=origin))["Location"] == NEW
    add(ana, telephone)
    telephone.origin = origin
    assert not is_signed_in(sign_in_by(telephone))


@pytest.mark.parametrize(
    "around", [{"crossOrigin": True}, {"crossOrigin": True, "topOrigin": AWAY}, {"topOrigin": AWAY}]
)
def test_a_passkey_of_a_page_in_somebody_else_s_frame_is_refused(telephone: Authenticator, around: Any) -> None:
    ana = sign_in()
    add(ana, telephone)
    telephone.around = around
    assert not is_signed_in(sign_in_by(telephone))


def test_a_challenge_is_over_after_five_minutes(telephone: Authenticator, clock: StoppedClock) -> None:
    add(sign_in(), telephone)
    browser = Client()
    answer = telephone.get(browser.get(SIGN_IN).json())
    clock.forward(minutes=5, seconds=1)
    browser.post(SIGN_IN, {"credential": answer})
    assert not is_signed_in(browser)


def test_a_device_that_verifies_nobody_is_refused(telephone: Authenticator) -> None:
    ana = sign_in()
    assert add(ana, Authenticator(origin=HERE, verifies=False))["Location"] == NEW
    add(ana, telephone)
    telephone.verifies = False
    assert not is_signed_in(sign_in_by(telephone))


def test_an_answer_is_good_once_and_for_its_challenge(telephone: Authenticator) -> None:
    add(sign_in(), telephone)
    browser = Client()
    answer = telephone.get(browser.get(SIGN_IN).json())
    assert not is_signed_in(sign_in_by(telephone, credential=answer))  # in another browser
    browser.post(SIGN_IN, {"credential": answer})
    assert is_signed_in(browser)
    browser.post("/accounts/logout/")
    browser.get(SIGN_IN)
    browser.post(SIGN_IN, {"credential": answer})
    assert not is_signed_in(browser)


def test_a_passkey_signs_in_nobody_else(telephone: Authenticator) -> None:
    add(sign_in(), telephone)
    laptop = Authenticator(origin=HERE, id_=b"j" * 32)
    add(sign_in("bo@example.com"), laptop)
    browser = Client()
    posed = telephone.get(browser.get(SIGN_IN).json(), user_handle=laptop.user_handle)
    browser.post(SIGN_IN, {"credential": posed})
    assert not is_signed_in(browser)


def test_known_and_unknown_owners_are_refused_alike(telephone: Authenticator) -> None:
    """Whoever holds no key learns from the page neither who has an account nor who has a passkey."""
    add(sign_in(), telephone)
    known = telephone.user_handle
    forged = Authenticator(origin=HERE, id_=telephone.id)
    pages = []
    for handle in (known, "MDE5YTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAw", "bm9ib2R5"):
        browser = Client()
        answer = browser.post(
            SIGN_IN, {"credential": forged.get(browser.get(SIGN_IN).json(), user_handle=handle)}, follow=True
        )
        pages.append(answer.content.decode().partition("csrfmiddlewaretoken")[0])
    assert pages[0] == pages[1] == pages[2]
    assert "was not accepted" in pages[0]
    assert Client().get(SIGN_IN).json()["publicKey"]["allowCredentials"] == []


def test_a_closed_account_is_not_entered(telephone: Authenticator) -> None:
    add(sign_in(), telephone)
    User.objects.update(is_active=False)
    browser = sign_in_by(telephone)
    assert isinstance(browser.get("/").wsgi_request.user, AnonymousUser)


def test_an_attacker_s_session_dies_when_a_passkey_signs_in(telephone: Authenticator) -> None:
    add(sign_in(), telephone)
    browser = Client()
    browser.get(SIGN_IN)
    planted = browser.cookies["sessionid"].value
    assert is_signed_in(sign_in_by(telephone, browser))
    attacker = Client()
    attacker.cookies["sessionid"] = planted
    assert not is_signed_in(attacker)


def test_tries_of_one_network_are_limited(settings: Settings) -> None:
    settings.MOVMO_PASSKEY_SIGN_INS_PER_HOUR = 4
    answers = [Client(REMOTE_ADDR="198.51.100.77").get(SIGN_IN) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0


def test_what_opens_the_back_office_is_removed_there(telephone: Authenticator) -> None:
    ops = sign_in("ops@movmo.example")
    add(ops, telephone)
    Kept.objects.update(data={**Kept.objects.get().data, "office": True})
    answer = ops.post(f"{PAGE}{Kept.objects.get().pk}/", {"action": "remove"}, follow=True)
    assert "opens the back office" in answer.content.decode()
    assert Kept.objects.exists()


def test_signed_in_again_the_session_is_recent(telephone: Authenticator) -> None:
    ana = sign_in()
    grown_old(ana)
    ana.post("/accounts/logout/")
    assert add(sign_in_again(ana), telephone)["Location"] == PAGE


def confirm_by(client: Client, device: Authenticator, **sent: Any) -> Any:
    page = f"{CONFIRM}passkey/"
    return client.post(page, {"credential": device.get(client.get(page).json()), "next": NEW, **sent})


def test_confirming_with_a_passkey(telephone: Authenticator) -> None:
    ana = sign_in()
    add(ana, telephone)
    grown_old(ana)
    assert "Use a passkey" in ana.get(CONFIRM).content.decode()
    before = ana.session.session_key
    assert confirm_by(ana, telephone)["Location"] == NEW
    assert ana.session.session_key != before
    assert ana.get(NEW).status_code == 200


def test_a_passkey_is_offered_to_those_who_have_one(telephone: Authenticator) -> None:
    assert "Use a passkey" not in sign_in().get(CONFIRM).content.decode()


@pytest.mark.parametrize("device", ["bos", "unknown", "none"])
def test_confirming_takes_ones_own_passkey_only(telephone: Authenticator, device: str) -> None:
    bos = Authenticator(origin=HERE, id_=b"b" * 32)
    add(sign_in("bo@example.com"), bos)
    ana = sign_in()
    add(ana, telephone)
    grown_old(ana)
    stranger = Authenticator(origin=HERE, id_=b"x" * 32)
    stranger.user_handle = telephone.user_handle
    sent = {"credential": "{}"} if device == "none" else {}
    refused = confirm_by(ana, {"bos": bos, "unknown": stranger, "none": telephone}[device], **sent)
    assert refused["Location"].startswith(CONFIRM)
    assert "was not accepted" in ana.get(refused["Location"]).content.decode()
    assert ana.get(NEW)["Location"].startswith(CONFIRM)
    assert ana.get("/accounts/").context["user"].email == "ana@example.com"


def test_nobody_confirms_who_is_not_signed_in(telephone: Authenticator) -> None:
    add(sign_in(), telephone)
    nobody = Client()
    for answer in (nobody.get(f"{CONFIRM}passkey/"), nobody.post(f"{CONFIRM}passkey/")):
        assert answer["Location"].startswith(LOGIN)
