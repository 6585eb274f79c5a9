"""A change of e-mail address or telephone: three steps, two proofs, and nothing to be learned on the way."""

import re
from typing import Any
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import TestCase

from movmo.accounts.contact_change.models import ContactChange
from movmo.accounts.contact_change.schemas import ContactChangeView, IdentityView
from movmo.accounts.contact_change.services import CodeInvalid, ContactChangeLimited, TextMessagesUnavailable
from movmo.accounts.models import User
from movmo.accounts.profile.schemas import ProfileView
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.operations.context import Caller
from tests.conftest import StoppedClock
from tests.contract.world import World, view_of
from tests.letters import post

pytestmark = pytest.mark.django_db

NEW = "ana@example.org"


def letters_to(address: str) -> list[str]:
    post()
    return [str(letter.body) for letter in mail.outbox if letter.to == [address]]


def code_to(address: str) -> str:
    found = re.search(r"^\d{6}$", letters_to(address)[-1], re.MULTILINE)
    assert found
    return found.group()


def begin(world: World, **new: str) -> UUID:
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = world.call("initiate_contact_change", **(new or {"email": NEW}))
    return view_of(ContactChangeView, answer).change_id


def prove(world: World, change: UUID, **sent: Any) -> str:
    arguments = {"change_id": str(change), "identity_code": code_to("ana@example.com"), **sent}
    return view_of(IdentityView, world.call("verify_contact_identity", **arguments)).identity_token


def confirm(world: World, change: UUID, token: str, *, code: str | None = None, **sent: Any) -> ProfileView:
    arguments = {"change_id": str(change), "code": code or code_to(NEW), "identity_token": token, **sent}
    return view_of(ProfileView, world.call("confirm_contact_change", **arguments))


def test_an_address_changes_in_three_steps(world: World) -> None:
    EmailAddress.objects.create(user_id=str(world.caller.user_id), email="ana@example.com", verified=True, primary=True)
    change = begin(world)
    assert confirm(world, change, prove(world, change)).email == NEW
    assert User.objects.get(pk=str(world.caller.user_id)).email == NEW
    assert not EmailAddress.objects.exists(), "the old address would still sign in"
    assert "was changed just now" in letters_to("ana@example.com")[-1]


def test_a_telephone_changes_likewise(world: World) -> None:
    change = begin(world, phone_number="+4915112345678")
    told = confirm(world, change, prove(world, change), code=code_to("+4915112345678"))
    assert (told.phone_number, told.email) == ("+4915112345678", "ana@example.com")


def test_where_nobody_sends_text_messages_no_telephone_is_proven(world: World, settings: Any) -> None:
    settings.MOVMO_TEXT_MESSAGES = False
    with pytest.raises(TextMessagesUnavailable):
        begin(world, phone_number="+4915112345678")


def test_a_taken_address_is_answered_alike_and_never_given(world: World, bo: User) -> None:
    free = begin(world)
    taken = begin(world, email=bo.email)
    assert ContactChange.objects.get(pk=taken).kind == ContactChange.objects.get(pk=free).kind
    assert "already belongs to yours" in letters_to(bo.email)[-1]
    assert not re.search(r"\d{6}", letters_to(bo.email)[-1])
    with pytest.raises(CodeInvalid):
        confirm(world, taken, prove(world, taken), code="123456")


def test_an_address_that_was_taken_meanwhile_is_not_given(world: World) -> None:
    change = begin(world)
    token = prove(world, change)
    User.objects.arrive(NEW)
    with pytest.raises(CodeInvalid):
        confirm(world, change, token)
    assert User.objects.get(pk=str(world.caller.user_id)).email == "ana@example.com"


def test_neither_proof_is_enough(world: World) -> None:
    change = begin(world)
    token = prove(world, change)
    for wrong in ({"code": "000000"}, {"identity_token": "x" * 43}):
        with pytest.raises(CodeInvalid):
            confirm(world, change, token, **wrong)
    with pytest.raises(CodeInvalid):
        prove(world, change, identity_code=code_to(NEW))


def test_the_codes_end(world: World, clock: StoppedClock) -> None:
    change = begin(world)
    token = prove(world, change)
    clock.forward(minutes=6)
    with pytest.raises(CodeInvalid):
        confirm(world, change, token)
    clock.forward(minutes=10)
    with pytest.raises(CodeInvalid):
        prove(world, change)


def test_a_change_is_made_once(world: World) -> None:
    change = begin(world)
    token = prove(world, change)
    confirm(world, change, token)
    with pytest.raises(CodeInvalid):
        confirm(world, change, token)


def test_a_new_change_ends_the_one_before(world: World) -> None:
    old = begin(world)
    begin(world, email="else@example.org")
    with pytest.raises(CodeInvalid):
        prove(world, old)


def test_nobody_else_goes_on_with_it(world: World, bo_at_aviare: Caller) -> None:
    change = begin(world)
    sent = {"change_id": str(change), "identity_code": code_to("ana@example.com")}
    with pytest.raises(NotFound):
        world.call("verify_contact_identity", by=bo_at_aviare, **sent)


def test_codes_are_not_guessed(world: World) -> None:
    change = begin(world)
    tried = 0
    with pytest.raises(ContactChangeLimited):
        for guess in range(20):
            with pytest.raises(CodeInvalid):
                prove(world, change, identity_code=f"{guess:06d}")
            tried += 1
    assert tried <= 5


def test_letters_are_not_asked_for_without_end(world: World) -> None:
    with pytest.raises(ContactChangeLimited):
        for number in range(20):
            begin(world, email=f"ana{number}@example.org")
    assert len(mail.outbox) <= 6


@pytest.mark.parametrize("sent", [{}, {"email": NEW, "phone_number": "+4915112345678"}, {"email": "ana@example.com"}])
def test_it_is_one_new_address(world: World, sent: dict[str, str]) -> None:
    with pytest.raises(InvalidArguments):
        world.call("initiate_contact_change", **sent)
