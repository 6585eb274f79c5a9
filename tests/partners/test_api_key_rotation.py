"""Rotation: a second key for a while, then the first one's end."""

from datetime import timedelta

import pytest

from movmo.kit import clock
from movmo.operations.context import Caller, Door
from partners.api_key import services
from partners.api_key.models import EXPIRING, ApiKey, KeyState
from partners.api_key.services import ExpiryInPast, KeyDead, OverlapInvalid
from partners.authentication import ApiKeyInvalid, authenticate
from partners.partner.models import Partner
from tests import factories
from tests.operations.together import together

A_WEEK = timedelta(days=7)
A_SECOND = timedelta(seconds=1)


def call(raw: str) -> Caller:
    return authenticate(door=Door.REST, api_key=raw, bearer=None, request_id="r-1")


def key_of(partner: Partner, *, lives: timedelta | None = None, live: bool = False) -> tuple[ApiKey, str]:
    now = clock.now()
    ends = None if lives is None else now + lives
    return services.issue(partner=partner, name="back end", now=now, live=live, expires_at=ends)


@pytest.mark.parametrize("live", [True, False])
def test_the_new_key_is_for_the_same(aviare: Partner, live: bool) -> None:
    old, _ = key_of(aviare, live=live)
    new, raw = services.rotate(old, now=clock.now())
    assert (new.partner, new.name, new.is_live, new.expires_at) == (aviare, "back end", live, None)
    assert old.replaced_by == new
    assert (call(raw).partner_id, call(raw).is_live_key) == (aviare.pk, live)


def test_both_work_until_the_overlap_is_over(aviare: Partner) -> None:
    old, first = key_of(aviare)
    now = clock.now()
    _, second = services.rotate(old, now=now)
    with clock.stopped_at(now + A_WEEK - A_SECOND):
        assert call(first).partner_id == call(second).partner_id
    with clock.stopped_at(now + A_WEEK):
        call(second)
        with pytest.raises(ApiKeyInvalid):
            call(first)


def test_the_old_key_does_not_live_longer_for_it(aviare: Partner) -> None:
    old, _ = key_of(aviare, lives=timedelta(days=2))
    ends = old.expires_at
    services.rotate(old, now=clock.now())
    assert old.expires_at == ends


def test_the_new_key_lives_as_long_as_the_old_one_was_made_to(aviare: Partner) -> None:
    old, _ = key_of(aviare, lives=timedelta(days=90))
    assert old.expires_at is not None
    made_to_live = old.expires_at - old.created_at
    later = clock.now() + timedelta(days=80)
    new, _ = services.rotate(old, now=later)
    assert new.expires_at == later + made_to_live


def test_without_an_overlap_the_old_key_is_dead_at_once(aviare: Partner) -> None:
    old, first = key_of(aviare)
    services.rotate(old, now=clock.now(), overlap=timedelta(0))
    with pytest.raises(ApiKeyInvalid):
        call(first)


def test_a_negative_overlap_is_refused(aviare: Partner) -> None:
    old, _ = key_of(aviare)
    with pytest.raises(OverlapInvalid):
        services.rotate(old, now=clock.now(), overlap=-A_SECOND)
    assert ApiKey.objects.count() == 1


def revoked(partner: Partner) -> ApiKey:
    key, _ = key_of(partner)
    services.revoke(key, now=clock.now())
    return key


def expired(partner: Partner) -> ApiKey:
    with clock.stopped_at(clock.now() - timedelta(days=2)):
        return key_of(partner, lives=timedelta(days=1))[0]


def rotated(partner: Partner) -> ApiKey:
    key, _ = key_of(partner)
    services.rotate(key, now=clock.now())
    return key


@pytest.mark.parametrize(
    ("made", "became"), [(revoked, "been revoked"), (expired, "expired"), (rotated, "been replaced")]
)
def test_nothing_is_made_of_a_dead_key(aviare: Partner, made: object, became: str) -> None:
    assert callable(made)
    key: ApiKey = made(aviare)
    before = list(ApiKey.objects.order_by("pk").values())
    with pytest.raises(KeyDead, match=f"has {became} already"):
        services.rotate(key, now=clock.now())
    with pytest.raises(KeyDead, match=f"has {became} already"):
        services.prolong(key, expires_at=None, now=clock.now())
    assert list(ApiKey.objects.order_by("pk").values()) == before


def test_a_key_that_was_revoked_since_it_was_read_is_not_rotated(aviare: Partner) -> None:
    key, _ = key_of(aviare)
    services.revoke(ApiKey.objects.get(), now=clock.now())
    with pytest.raises(KeyDead):
        services.rotate(key, now=clock.now())
    assert ApiKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_rotate_at_once_one_gets_a_key(aviare: Partner) -> None:
    old, _ = key_of(aviare)
    now = clock.now()
    told = together(*[lambda: services.rotate(ApiKey.objects.get(pk=old.pk), now=now)] * 4)
    assert [type(one) for one in told if isinstance(one, Exception)] == [KeyDead] * 3
    assert ApiKey.objects.count() == 2
    old.refresh_from_db()
    assert old.replaced_by is not None
    assert old.expires_at == now + A_WEEK


def test_a_key_is_prolonged_and_shortened(aviare: Partner) -> None:
    key, raw = key_of(aviare, lives=timedelta(days=1))
    now = clock.now()
    services.prolong(key, expires_at=now + timedelta(days=30), now=now)
    with clock.stopped_at(now + timedelta(days=29)):
        call(raw)
    services.prolong(key, expires_at=now + timedelta(hours=1), now=now)
    with clock.stopped_at(now + timedelta(hours=2)), pytest.raises(ApiKeyInvalid):
        call(raw)
    with pytest.raises(ExpiryInPast):
        services.prolong(key, expires_at=now, now=now)


def test_the_state_in_words_and_as_a_condition_agree(aviare: Partner) -> None:
    now = clock.now()
    for made in (revoked, expired, rotated):
        made(aviare)
    with clock.stopped_at(now):
        key_of(aviare, lives=EXPIRING)
        key_of(aviare, lives=EXPIRING + A_SECOND)
    factories.api_key(aviare)
    found = {state: set(ApiKey.objects.in_state(state, now=now)) for state in KeyState}
    assert found == {state: {key for key in ApiKey.objects.all() if key.state(now) is state} for state in KeyState}
    assert [len(found[state]) for state in KeyState] == [1, 1, 1, 1, 3]
