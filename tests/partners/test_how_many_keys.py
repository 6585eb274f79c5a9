"""A partner has some keys, not any number of them: counted by mode, at every door, also when two come at once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from movmo.kit import clock as times
from partners.api_key import secret, services
from partners.api_key.models import ApiKey
from partners.api_key.services import MOST_KEYS, TooManyKeys, TooManyReplaced
from partners.oauth import clients
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.office import clerk_with_app, entered
from tests.operations.together import together
from tests.partners.portal.people import AT, member_at, once, said, secret_on, send

pytestmark = pytest.mark.django_db
KEYS = AT + "keys/"
NEW = KEYS + "new/"


def filled(partner: Partner, number: int = MOST_KEYS, *, live: bool = False) -> list[ApiKey]:
    """Keys of the mode that work."""
    rows = [ApiKey(partner=partner, name=f"key {one}", hint="…", is_live=live) for one in range(number)]
    for row in rows:
        row.digest = secret.digest(str(row.pk))
    return ApiKey.objects.bulk_create(rows)


def issue(partner: Partner, *, live: bool = False, now: datetime | None = None) -> ApiKey:
    return services.issue(partner=partner, name="one more", now=now or times.now(), live=live)[0]


def rotated(keys: Iterable[ApiKey], overlap: timedelta = services.OVERLAP) -> list[ApiKey]:
    return [services.rotate(key, now=times.now(), overlap=overlap)[0] for key in keys]


def is_full(partner: Partner) -> bool:
    try:
        issue(partner)
    except TooManyKeys:
        return True
    return False


def test_there_is_an_end_to_them(aviare: Partner) -> None:
    filled(aviare, MOST_KEYS - 1)
    issue(aviare)
    with pytest.raises(TooManyKeys, match=r"There are 20 test keys already, and there may be no more\. Revoke one"):
        issue(aviare)
    assert ApiKey.objects.count() == MOST_KEYS


def test_each_mode_has_its_own(aviare: Partner, kestrel: Partner) -> None:
    filled(aviare)
    issue(aviare, live=True)
    issue(kestrel)
    filled(aviare, MOST_KEYS - 1, live=True)
    with pytest.raises(TooManyKeys, match="20 live keys"):
        issue(aviare, live=True)


def test_who_revokes_one_may_make_one(aviare: Partner) -> None:
    first, *_ = filled(aviare)
    assert is_full(aviare)
    services.revoke(first, now=times.now())
    assert not is_full(aviare)
    assert is_full(aviare)


def test_what_has_expired_takes_no_place(aviare: Partner) -> None:
    first, *_ = filled(aviare)
    now = times.now()
    services.prolong(first, expires_at=now + timedelta(days=1), now=now)
    assert is_full(aviare)
    assert issue(aviare, now=now + timedelta(days=1))


def test_a_rotation_takes_no_place(aviare: Partner) -> None:
    keys = filled(aviare)
    fresh, _ = rotated(keys[:2])
    assert is_full(aviare)
    services.revoke(fresh, now=times.now())
    assert not is_full(aviare)


def test_keys_that_are_rotated_again_and_again_do_not_add_up(aviare: Partner) -> None:
    (last,) = filled(aviare, 1)
    for _ in range(MOST_KEYS):
        (last,) = rotated([last])
    with pytest.raises(TooManyReplaced, match=r"Revoke one of them first, or rotate without an overlap\."):
        rotated([last])
    last.refresh_from_db()
    assert last.is_usable(times.now())
    assert last.replaced_by is None
    (fresh,) = rotated([last], timedelta(0))
    assert not last.is_usable(times.now())
    services.revoke(ApiKey.objects.exclude(replaced_by=None).earliest("pk"), now=times.now())
    rotated([fresh])


def test_the_page_says_so(aviare: Partner) -> None:
    owner = member_at(aviare)
    first, *_ = filled(aviare)
    refused = send(owner, NEW, name="staging", mode="test", days="")
    assert refused.status_code == 422
    assert "There are 20 test keys already, and there may be no more. Revoke one first, or rotate one." in said(refused)
    assert "staging" in refused.content.decode()
    owner.post(f"{KEYS}{first.pk}/", {"action": "revoke"})
    assert secret_on(send(owner, NEW, name="staging", mode="test", days=""))


def test_so_do_the_quick_start_and_the_page_of_a_key(aviare: Partner) -> None:
    owner = member_at(aviare)
    keys = filled(aviare)
    begun = owner.post(AT + "quick-start/", {"once": once(owner, NEW)}, follow=True)
    assert "There are 20 test keys already" in said(begun)
    rotated(keys)
    page = f"{KEYS}{ApiKey.objects.filter(replaced_by=None).latest('pk').pk}/"
    told = owner.post(page, {"once": once(owner, page), "action": "rotate", "overlap": "24"}, follow=True)
    assert "20 test keys that were replaced still work" in said(told)
    assert secret_on(send(owner, page, action="rotate", overlap="0"))


def typed(partner: Partner) -> dict[str, str]:
    return {"partner": str(partner.pk), "name": "x", "mode": "test", "expires_at_0": "", "expires_at_1": ""}


def test_so_do_the_back_office_and_the_command(client: Client, aviare: Partner) -> None:
    office = entered(client, clerk_with_app())
    filled(aviare)
    refused = office.post("/admin/partners/apikey/add/", typed(aviare))
    assert "There are 20 test keys already" in refused.content.decode()
    with pytest.raises(CommandError, match="There are 20 test keys already"):
        call_command("create_api_key", aviare.slug)
    assert ApiKey.objects.count() == MOST_KEYS


def test_a_form_of_the_office_that_comes_a_moment_late(
    client: Client, aviare: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its check found room; the service, which holds the partner, does not."""
    office = entered(client, clerk_with_app())
    filled(aviare)
    real, asked = services.refuse_full, iter([True])

    def late(*which: Any, **how: Any) -> None:
        if not next(asked, False):
            real(*which, **how)

    monkeypatch.setattr(services, "refuse_full", late)
    told = office.post("/admin/partners/apikey/add/", typed(aviare), follow=True)
    assert "There are 20 test keys already" in told.content.decode()
    assert ApiKey.objects.count() == MOST_KEYS


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_the_last_place_one_has_it(aviare: Partner) -> None:
    filled(aviare, MOST_KEYS - 1)
    told = together(*[partial(issue, aviare)] * 4)
    assert sorted(type(one).__name__ for one in told) == ["ApiKey", *["TooManyKeys"] * 3]
    assert ApiKey.objects.count() == MOST_KEYS


@pytest.mark.django_db(transaction=True)
def test_of_many_rotations_into_the_last_place_one_has_it(aviare: Partner) -> None:
    keys = filled(aviare)
    rotated(keys[: MOST_KEYS - 1])
    fresh = list(ApiKey.objects.filter(replaced_by=None).select_related("partner__plan")[:4])
    told = together(*[partial(services.rotate, key, now=times.now()) for key in fresh])
    assert sorted(type(one).__name__ for one in told) == [*["TooManyReplaced"] * 3, "tuple"]


@pytest.mark.django_db(transaction=True)
def test_of_many_clients_that_want_the_last_place_one_has_it(aviare: Partner) -> None:
    for number in range(clients.MOST_CLIENTS - 1):
        factories.application(f"app-{number}", of=aviare)
    make = partial(
        clients.create,
        partner=aviare,
        name="one more",
        is_confidential=False,
        redirect_uris="https://aviare.example/back",
        scopes=["flights:read"],
    )
    told = together(*[make] * 4)
    assert sorted(type(one).__name__ for one in told) == [*["TooManyClients"] * 3, "tuple"]
    assert Application.objects.filter(partner=aviare).count() == clients.MOST_CLIENTS
