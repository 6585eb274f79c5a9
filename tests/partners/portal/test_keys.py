"""Keys by the partner's own people: made as the plan allows, shown once, rotated with an overlap, revoked, audited."""

from datetime import timedelta

import pytest
from django.test import Client

from movmo.kit import clock
from movmo.operations.context import Door
from movmo.operations.models import AuditEvent
from partners.api_key.models import ApiKey, KeyState
from partners.authentication import ApiKeyInvalid, authenticate
from partners.partner.models import Partner
from tests.partners.portal.people import AT, DEV, confirms, grown_old, once, said, secret_on, send

pytestmark = pytest.mark.django_db
KEYS = AT + "keys/"
NEW = KEYS + "new/"


def works(raw: str) -> bool:
    try:
        authenticate(door=Door.REST, api_key=raw, bearer=None, request_id="")
    except ApiKeyInvalid:
        return False
    return True


def trail(what: str) -> AuditEvent:
    return AuditEvent.objects.get(operation=what)


def test_a_key_is_made_works_and_is_shown_once(owner: Client, aviare: Partner) -> None:
    shown = send(owner, NEW, name="staging back end", mode="test", days="")
    raw = secret_on(shown)
    assert raw.startswith("mvm_test_")
    assert works(raw)
    assert "no-store" in shown["Cache-Control"]
    listed = owner.get(KEYS)
    assert raw not in listed.content.decode()
    assert "staging back end test usable" in said(listed)
    assert ApiKey.objects.get().partner == aviare


def test_who_made_it_stands_in_the_trail_and_the_key_does_not(owner: Client, aviare: Partner) -> None:
    raw = secret_on(send(owner, NEW, name="staging", mode="test", days=""))
    line = trail("create_api_key")
    key = ApiKey.objects.get()
    assert (line.partner_id, line.resource_id, line.door, line.code) == (aviare.pk, key.pk, "pages", "done")
    assert line.user_id == aviare.members.get(user__email=DEV).user_id
    assert line.arguments == {"hint": key.hint, "mode": "test"}
    assert raw not in str(line.arguments)


def test_a_reload_of_the_answer_makes_no_second_key(owner: Client) -> None:
    form = {"once": once(owner, NEW), "name": "staging", "mode": "test", "days": ""}
    owner.post(NEW, form)
    again = owner.post(NEW, form, follow=True)
    assert "was sent before and is done already" in said(again)
    assert ApiKey.objects.count() == 1


def test_a_form_without_its_mark_makes_nothing(owner: Client) -> None:
    owner.post(NEW, {"name": "staging", "mode": "test"})
    assert not ApiKey.objects.exists()


def test_a_key_with_an_end(owner: Client) -> None:
    send(owner, NEW, name="trial", mode="test", days="30")
    ends = ApiKey.objects.get().expires_at
    assert ends is not None
    assert timedelta(days=29) < ends - clock.now() <= timedelta(days=30)


def test_a_live_key_where_the_plan_has_them(owner: Client) -> None:
    assert secret_on(send(owner, NEW, name="production", mode="live", days="")).startswith("mvm_live_")


def test_a_plan_of_test_keys_offers_and_makes_no_live_one(owner: Client, aviare: Partner) -> None:
    aviare.plan.live_keys = False
    aviare.plan.save()
    assert 'value="live"' not in owner.get(NEW).content.decode()
    refused = send(owner, NEW, name="production", mode="live", days="")
    assert refused.status_code == 422
    assert not ApiKey.objects.exists()


def test_a_live_key_is_not_rotated_when_the_plan_has_no_more_of_them(owner: Client, aviare: Partner) -> None:
    send(owner, NEW, name="production", mode="live", days="")
    aviare.plan.live_keys = False
    aviare.plan.save()
    page = f"{KEYS}{ApiKey.objects.get().pk}/"
    told = owner.post(page, {"once": once(owner, page), "action": "rotate", "overlap": "0"}, follow=True)
    assert "The plan has test keys only" in said(told)
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize(("overlap", "still_works"), [("168", True), ("24", True), ("0", False)])
def test_rotating(owner: Client, overlap: str, still_works: bool) -> None:
    old = secret_on(send(owner, NEW, name="staging", mode="test", days=""))
    page = f"{KEYS}{ApiKey.objects.get().pk}/"
    fresh = secret_on(send(owner, page, action="rotate", overlap=overlap))
    assert works(fresh)
    assert works(old) == still_works
    replaced = ApiKey.objects.exclude(replaced_by=None).get()
    told = {"hint": replaced.hint, "new_hint": ApiKey.objects.get(replaced_by=None).hint}
    assert trail("rotate_api_key").arguments == told


def test_an_overlap_of_ones_own_is_refused(owner: Client) -> None:
    send(owner, NEW, name="staging", mode="test", days="")
    page = f"{KEYS}{ApiKey.objects.get().pk}/"
    assert send(owner, page, action="rotate", overlap="99999").status_code == 422
    assert ApiKey.objects.count() == 1


def test_revoking(owner: Client) -> None:
    raw = secret_on(send(owner, NEW, name="staging", mode="test", days=""))
    key = ApiKey.objects.get()
    told = owner.post(f"{KEYS}{key.pk}/", {"action": "revoke"}, follow=True)
    assert "staging is revoked" in said(told)
    assert not works(raw)
    key.refresh_from_db()
    assert key.state(clock.now()) is KeyState.REVOKED
    assert trail("revoke_api_key").resource_id == key.pk


def test_what_is_over_is_not_rotated(owner: Client) -> None:
    send(owner, NEW, name="staging", mode="test", days="")
    page = f"{KEYS}{ApiKey.objects.get().pk}/"
    mark = once(owner, page)
    owner.post(page, {"action": "revoke"})
    told = owner.post(page, {"action": "rotate", "overlap": "0", "once": mark}, follow=True)
    assert "has been revoked already" in said(told)
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("page", ["new/", "{key}/"])
def test_an_old_session_shows_again_who_it_is(owner: Client, page: str) -> None:
    send(owner, NEW, name="staging", mode="test", days="")
    address = KEYS + page.format(key=ApiKey.objects.get().pk)
    grown_old(owner)
    for answer in (owner.get(address), owner.post(address, {"action": "revoke", "name": "x", "mode": "test"})):
        assert answer["Location"].startswith("/accounts/confirm/?next=%2Fpartner%2F")
    assert ApiKey.objects.get().revoked_at is None
    assert confirms(owner, owner.get(address)["Location"])["Location"] == address
    assert owner.get(address).status_code == 200


def test_a_card_number_is_no_name(owner: Client) -> None:
    refused = send(owner, NEW, name="4242 4242 4242 4242", mode="test", days="")
    assert refused.status_code == 422
    assert "4242 4242" not in refused.content.decode()
    assert not ApiKey.objects.exists()
