"""Showing in the frame who one is, by a code: one answer for every address, and few tries."""

import re
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.utils import translation
from django.utils.translation import gettext

from checkout_widget.frame import signing_in
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.schemas import LOCALES
from movmo.accounts.models import Device, SignInAttempts, User
from movmo.accounts.passkey import services as passkeys
from tests.accounts import mail_away
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.frames import Frame, newest_code, status_in
from tests.conftest import StoppedClock
from tests.operations.together import together

NEW = "dora@example.com"


@pytest.fixture
def frame(opened: Checkout) -> Frame:
    return Frame(opened).claimed()


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_the_right_code_makes_the_frame_anas(frame: Frame, ana: User) -> None:
    assert status_in(frame.sign_in(ana.email)) == "authenticated"
    session = frame.checkout.again()
    assert (session.state, session.user_id) == ("authenticated", ana.pk)
    assert session.signing_in is None


def test_a_guest_becomes_a_traveler_by_the_code_and_not_before(frame: Frame) -> None:
    code = frame.ask_for_code(NEW)
    assert not User.objects.filter(email=NEW).exists()
    frame.post("code", code=code)
    assert frame.checkout.again().user_id == User.objects.get(email=NEW).pk


def test_known_and_unknown_addresses_get_one_answer(checkouts: Checkouts, ana: User) -> None:
    known, unknown = Frame(checkouts.open()).claimed(), Frame(checkouts.open()).claimed()
    answers = [known.post("email", email=ana.email), unknown.post("email", email=NEW)]
    texts = [
        answer.content.decode().replace(ana.email, "…").replace(NEW, "…").replace(str(frame.checkout.id), "id")
        for answer, frame in zip(answers, (known, unknown), strict=True)
    ]
    assert texts[0] == texts[1]
    assert [answer.status_code for answer in answers] == [200, 200]
    one, other = ({k: v for k, v in answer.items() if k != "Content-Length"} for answer in answers)
    assert one.keys() == other.keys()
    assert len({re.sub(r"\d{6}", "…", f"{letter.subject} {letter.body}") for letter in mail.outbox}) == 1


def test_a_closed_account_is_told_by_its_letter_only(frame: Frame, ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(is_active=False)
    answer = frame.post("email", email=ana.email)
    assert answer.status_code == 200
    assert 'name="code"' in answer.content.decode()
    assert "closed" in mail.outbox[-1].body


def test_an_account_that_is_closed_while_the_code_is_typed_is_not_let_in(frame: Frame, ana: User) -> None:
    code = frame.ask_for_code(ana.email)
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert frame.post("code", code=code).status_code == 422
    assert frame.checkout.again().user_id is None


def test_what_the_shop_knows_is_filled_in_and_proves_nothing(checkouts: Checkouts, ana: User) -> None:
    frame = Frame(checkouts.open(customer_email=ana.email)).claimed()
    shown = frame.get("step").content.decode()
    assert f'value="{ana.email}"' in shown
    assert not mail.outbox
    assert frame.checkout.again().user_id is None


@pytest.mark.parametrize("typed", ["", "ana", "ana@", "ana@[127.0.0.1]", "änä@example.com", "a" * 300 + "@example.com"])
def test_what_is_no_address_is_said_beside_the_field(frame: Frame, typed: str) -> None:
    answer = frame.post("email", email=typed)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not mail.outbox


@pytest.mark.parametrize(
    "typed",
    [
        "4242424242424242@example.com",
        "4242.4242.4242.4242@example.com",
        "4242 4242 4242 4242",
        "５５５５555555554444@a.de",
    ],
)
def test_a_card_number_is_no_address_and_is_not_shown_again(frame: Frame, typed: str) -> None:
    answer = frame.post("email", email=typed)
    page = answer.content.decode()
    assert (answer.status_code, 'aria-invalid="true"' in page) == (422, True)
    assert "There is a card number in a field that is not for one. We did not keep it." in page
    assert typed not in page
    assert not mail.outbox
    assert frame.checkout.again().signing_in is None


@pytest.mark.parametrize("locale", LOCALES)
def test_the_letter_speaks_the_language_of_the_checkout(checkouts: Checkouts, locale: str, ana: User) -> None:
    frame = Frame(checkouts.open(locale=locale)).claimed()
    code = frame.ask_for_code(ana.email)
    User.objects.filter(pk=ana.pk).update(is_active=False)
    frame.post("email", email=ana.email)
    code_letter, closed_letter = mail.outbox
    with translation.override(locale):
        assert code_letter.subject == gettext("%(code)s is your Movmo code") % {"code": code}
        assert str(code_letter.body).startswith(f"{gettext('Your sign-in code is')}\n\n{code}\n\n")
        assert gettext("If you think this is a mistake, write to support.") in closed_letter.body
        assert closed_letter.subject == gettext("Signing in to Movmo")
    assert "&" not in str(code_letter.body) + str(closed_letter.body)


def test_what_is_wrong_is_said_in_the_language_of_the_checkout(checkouts: Checkouts) -> None:
    german = Frame(checkouts.open(locale="de")).claimed()
    assert "Geben Sie" in german.post("email", email="ana").content.decode()


def test_an_address_that_mailing_would_change_is_not_taken(frame: Frame) -> None:
    assert b"in ASCII" in frame.post("email", email="ana@exämple.com").content


def test_markup_in_an_address_stays_text(frame: Frame) -> None:
    answer = frame.post("email", email='"><img src=x onerror=alert(1)>@example.com')
    assert b"<img" not in answer.content


def test_the_code_is_asked_for_after_a_reload_of_the_fragment(frame: Frame, ana: User) -> None:
    frame.ask_for_code(ana.email)
    assert b'name="code"' in frame.get("step").content


def test_another_address_takes_the_place_of_the_first(frame: Frame, ana: User) -> None:
    first = frame.ask_for_code(ana.email)
    assert ana.email.encode() in frame.get("email").content
    second = frame.ask_for_code(NEW)
    assert frame.post("code", code=first).status_code == 422
    frame.post("code", code=second)
    assert frame.checkout.again().user_id == User.objects.get(email=NEW).pk


def test_a_wrong_code_may_be_mended(frame: Frame, ana: User) -> None:
    code = frame.ask_for_code(ana.email)
    wrong = frame.post("code", code=_wrong(code))
    assert wrong.status_code == 422
    assert b"This code is incorrect" in wrong.content
    frame.post("code", code=f" {code[:3]} {code[3:]} ")
    assert frame.checkout.again().user_id == ana.pk


def test_the_third_wrong_code_ends_that_letter(frame: Frame, ana: User) -> None:
    code = frame.ask_for_code(ana.email)
    answers = [frame.post("code", code=_wrong(code)) for _ in range(3)]
    assert b"That code works no longer" in answers[-1].content
    assert b'name="email"' in answers[-1].content
    assert frame.post("code", code=code).status_code == 422
    assert frame.checkout.again().user_id is None


def test_the_sixth_code_is_refused_even_if_it_is_right(frame: Frame, ana: User) -> None:
    for tries in (3, 2):
        code = frame.ask_for_code(ana.email)
        for _ in range(tries):
            assert frame.post("code", code=_wrong(code)).status_code == 422
    refused = frame.post("code", code=code)
    assert refused.status_code == 429
    assert b'data-error="code_tries_exhausted" data-fatal' in refused.content
    assert frame.checkout.again().user_id is None
    again = Frame(frame.checkout).claimed()  # nor in another frame of the same checkout
    assert again.post("code", code=again.ask_for_code(ana.email)).status_code == 429
    assert again.checkout.again().user_id is None


def test_tries_of_one_checkout_are_not_those_of_another(checkouts: Checkouts, ana: User) -> None:
    one, other = Frame(checkouts.open()).claimed(), Frame(checkouts.open()).claimed()
    for _ in range(2):
        code = one.ask_for_code(ana.email)
        for _ in range(3):
            one.post("code", code=_wrong(code))
    assert status_in(other.sign_in(ana.email)) == "authenticated"


def test_a_code_of_one_checkout_is_none_in_another(checkouts: Checkouts, ana: User) -> None:
    one, other = Frame(checkouts.open()).claimed(), Frame(checkouts.open()).claimed()
    code = one.ask_for_code(ana.email)
    other.ask_for_code(NEW)
    assert newest_code() != code  # one in a million
    assert other.post("code", code=code).status_code == 422


def test_a_code_is_over_after_ten_minutes(frame: Frame, ana: User, clock: StoppedClock) -> None:
    code = frame.ask_for_code(ana.email)
    clock.forward(minutes=11)
    answer = frame.post("code", code=code)
    assert b"That code works no longer" in answer.content
    assert frame.checkout.again().user_id is None


def test_another_letter_may_be_asked_for_twice(frame: Frame, ana: User) -> None:
    first = frame.ask_for_code(ana.email)
    for _ in range(2):
        assert b"We sent another code" in frame.post("code", action="resend").content
    newest = newest_code()
    enough = frame.post("code", action="resend")
    assert enough.status_code == 429
    assert b"three letters" in enough.content
    assert len(mail.outbox) == 3
    if first != newest:
        assert frame.post("code", code=first).status_code == 422
    frame.post("code", code=newest)
    assert frame.checkout.again().user_id == ana.pk


def test_an_empty_code_costs_no_try(frame: Frame, ana: User) -> None:
    code = frame.ask_for_code(ana.email)
    for _ in range(4):
        assert frame.post("code", code=" ").status_code == 422
    frame.post("code", code=code)
    assert frame.checkout.again().user_id == ana.pk


def test_one_address_gets_so_many_letters(checkouts: Checkouts, ana: User, settings: Any) -> None:
    settings.MOVMO_CODES_PER_HOUR = 4
    frames = [Frame(checkouts.open()).claimed() for _ in range(3)]
    answers = [frame.post("email", email=ana.email) for frame in frames]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert b"Too many codes" in answers[-1].content
    resent = frames[0].post("code", action="resend")
    assert resent.status_code == 429
    assert len(mail.outbox) == 2


def test_a_letter_that_is_not_taken_is_said(frame: Frame, ana: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{mail_away.__name__}.Backend"
    answer = frame.post("email", email=ana.email)
    assert answer.status_code == 503
    assert b"could not send the letter" in answer.content
    assert frame.checkout.again().signing_in is None


def test_who_is_signed_in_is_not_asked_again(frame: Frame, ana: User, bo: User) -> None:
    frame.sign_in(ana.email)
    before = len(mail.outbox)
    assert status_in(frame.post("email", email=bo.email)) == "authenticated"
    assert status_in(frame.post("code", code="123456")) == "authenticated"
    assert status_in(frame.get("email")) == "authenticated"
    assert len(mail.outbox) == before
    assert frame.checkout.again().user_id == ana.pk


def test_the_code_is_kept_nowhere(frame: Frame, ana: User) -> None:
    code = frame.ask_for_code(ana.email)
    row = CheckoutSession.objects.get(pk=frame.checkout.id)
    assert code.encode() not in (row.signing_in or b"")
    assert ana.email.encode() not in row.__dict__["signing_in"]  # as the table has it
    assert not SignInAttempts.objects.filter(pending__contains=str(row.pk)).exists()


def test_a_checkout_is_no_browser_that_is_known_again(frame: Frame, ana: User) -> None:
    frame.sign_in(ana.email)
    assert not Device.objects.exists()
    assert len(mail.outbox) == 1


def test_other_methods_are_not_known(frame: Frame) -> None:
    for path in ("step", "status"):
        assert frame.post(path).status_code == 405


class TestTwoThingsAtOnce:
    """The challenge for a passkey is asked for while the letter with the code is on its way, or the reverse."""

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_neither_wipes_the_other(self, frame: Frame, order: tuple[int, int]) -> None:
        requests = [frame.checkout.again(), frame.checkout.again()]
        for at in order:
            kept = signing_in.kept_of(requests[at])
            kept[f"of {at}"] = at
            signing_in.keep(requests[at], kept)
        assert signing_in.kept_of(frame.checkout.again()) == {"of 0": 0, "of 1": 1}

    def test_the_code_stays_good(self, frame: Frame, ana: User) -> None:
        late = frame.checkout.again()
        kept = signing_in.kept_of(late)
        passkeys.request_options(kept)
        code = frame.ask_for_code(ana.email)
        signing_in.keep(late, kept)
        assert status_in(frame.post("code", code=code)) == "authenticated"

    def test_what_is_over_takes_no_newer_one_away(self, frame: Frame) -> None:
        signing_in.keep(frame.checkout.again(), {"code": "first", "challenge": 1})
        late, over = frame.checkout.again(), frame.checkout.again()
        signing_in.keep(frame.checkout.again(), {"code": "second", "challenge": 1})
        signing_in.keep(late, {"challenge": 1})
        assert signing_in.kept_of(frame.checkout.again()) == {"code": "second", "challenge": 1}
        signing_in.keep(over, {"code": "first"})
        assert signing_in.kept_of(frame.checkout.again()) == {"code": "second"}
        signing_in.keep(frame.checkout.again(), {})
        assert frame.checkout.again().signing_in is None

    @pytest.mark.django_db(transaction=True)
    def test_at_the_same_moment(self, frame: Frame) -> None:
        requests = [frame.checkout.again() for _ in range(4)]
        together(*[partial(signing_in.keep, one, {f"of {at}": at}) for at, one in enumerate(requests)])
        assert signing_in.kept_of(frame.checkout.again()) == {f"of {at}": at for at in range(4)}
