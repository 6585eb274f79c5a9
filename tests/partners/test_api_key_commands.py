"""manage.py create_api_key, rotate_api_key, list_api_keys"""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from movmo.kit import clock
from movmo.operations.context import Caller, Door
from partners.api_key import services
from partners.api_key.models import ApiKey
from partners.authentication import authenticate
from partners.partner.models import Partner
from tests import factories


def call(raw: str) -> Caller:
    return authenticate(door=Door.REST, api_key=raw, bearer=None, request_id="r-1")


def said(command: str, *words: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    call_command(command, *words, stdout=out, stderr=err)
    return out.getvalue().strip()


def the_key() -> ApiKey:
    return ApiKey.objects.get()


def test_a_printed_key_works(aviare: Partner) -> None:
    raw = said("create_api_key", "aviare", "--name", "back end", "--days", "7")
    assert call(raw).partner_id == aviare.pk
    assert (the_key().name, the_key().is_live) == ("back end", False)


def test_a_live_key_has_to_be_asked_for(aviare: Partner) -> None:
    assert said("create_api_key", "aviare").startswith("mvm_test_")
    assert said("create_api_key", "aviare", "--test").startswith("mvm_test_")
    assert said("create_api_key", "aviare", "--live").startswith("mvm_live_")
    with pytest.raises(CommandError, match="not allowed with"):
        said("create_api_key", "aviare", "--live", "--test")


@pytest.mark.parametrize(("days", "problem"), [("0", "expired"), ("-1", "expired"), ("99999999999", "up to 3650")])
def test_a_key_without_a_life_is_not_made(aviare: Partner, days: str, problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        said("create_api_key", "aviare", f"--days={days}")
    assert not ApiKey.objects.exists()


@pytest.mark.django_db
def test_the_partner_must_be_known() -> None:
    with pytest.raises(CommandError, match="kestrel"):
        said("create_api_key", "kestrel")


@pytest.mark.parametrize("by", ["hint", "hint as typed", "id"])
def test_a_key_is_rotated_by_its_hint_or_its_id(aviare: Partner, by: str) -> None:
    first = factories.api_key(aviare)
    old = the_key()
    name = {"hint": old.hint, "hint as typed": old.hint.replace("…", "..."), "id": str(old.pk)}[by]
    second = said("rotate_api_key", name)
    assert call(first).partner_id == call(second).partner_id == aviare.pk
    old.refresh_from_db()
    assert old.replaced_by is not None


def test_the_overlap_is_told_in_days(aviare: Partner) -> None:
    factories.api_key(aviare)
    old = the_key()
    with clock.stopped_at(now := clock.now()):
        said("rotate_api_key", str(old.pk), "--days", "2")
    old.refresh_from_db()
    assert old.expires_at == now + timedelta(days=2)


def test_a_key_that_was_rotated_is_not_rotated_again(aviare: Partner) -> None:
    factories.api_key(aviare)
    name = the_key().hint
    said("rotate_api_key", name)
    with pytest.raises(CommandError, match="replaced already"):
        said("rotate_api_key", name)
    assert ApiKey.objects.count() == 2


@pytest.mark.parametrize(("days", "problem"), [("-1", "negative"), ("366", "up to 365")])
def test_an_absurd_overlap_is_refused(aviare: Partner, days: str, problem: str) -> None:
    factories.api_key(aviare)
    with pytest.raises(CommandError, match=problem):
        said("rotate_api_key", the_key().hint, f"--days={days}")


def test_a_key_s_text_is_no_name_and_is_not_repeated(aviare: Partner) -> None:
    raw = factories.api_key(aviare)
    with pytest.raises(CommandError, match="by its hint") as caught:
        said("rotate_api_key", raw)
    assert raw not in str(caught.value)


def test_an_unknown_and_an_ambiguous_name_are_told_apart(aviare: Partner) -> None:
    with pytest.raises(CommandError, match="no key"):
        said("rotate_api_key", "mvm_test_aaa…zzzz")
    for _ in range(2):
        factories.api_key(aviare)
    ApiKey.objects.update(hint="mvm_test_aaa…zzzz")
    with pytest.raises(CommandError, match="Several"):
        said("rotate_api_key", "mvm_test_aaa…zzzz")


def test_the_list_tells_how_each_key_stands(aviare: Partner, kestrel: Partner) -> None:
    now = clock.now()
    usable = factories.api_key(aviare, live=True)
    ending = services.issue(partner=aviare, name="ends", now=now, expires_at=now + timedelta(days=3))[1]
    others = factories.api_key(kestrel)
    listed = said("list_api_keys", "aviare").splitlines()
    assert ["usable" in listed[0], "never ends" in listed[0], "never used" in listed[0]] == [True] * 3
    assert "expires soon" in listed[1]
    assert len(listed) == 2
    assert len(said("list_api_keys").splitlines()) == 3
    for raw in (usable, ending, others):
        assert raw[12:-4] not in said("list_api_keys")
