"""API keys: what they look like, how long they live, what is kept of them."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from movmo.kit import clock
from movmo.operations.context import Caller, Door
from partners.api_key import secret, services
from partners.api_key.models import ApiKey
from partners.authentication import ApiKeyInvalid, authenticate
from partners.partner.models import Partner
from tests import factories


def call(raw: str) -> Caller:
    return authenticate(door=Door.REST, api_key=raw, bearer=None, request_id="r-1")


@pytest.mark.parametrize("live", [True, False])
def test_a_key_has_the_documented_shape(live: bool) -> None:
    raw = secret.generate(live=live)
    assert raw.startswith("mvm_live_" if live else "mvm_test_")
    assert len(raw) == 45
    assert secret.is_well_formed(raw)


def test_the_checksum_is_crc32_in_base62() -> None:
    assert secret.checksum("mvm_live_" + "0" * 30) == "0GTzXa"


def test_every_typo_is_noticed() -> None:
    raw = secret.generate(live=True)
    for position in range(len(raw)):
        other = "x" if raw[position] != "x" else "y"
        assert not secret.is_well_formed(raw[:position] + other + raw[position + 1 :])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "raw", ["", "mvm_live_", "mvm_live_" + "A" * 36, "sk_live_123", "ü" * 45, "mvm_live_" + "１" * 36]
)
def test_garbage_never_reaches_the_database(raw: str, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0), pytest.raises(ApiKeyInvalid):
        call(raw)


def test_a_key_names_its_partner_and_plan(aviare: Partner) -> None:
    caller = call(factories.api_key(aviare))
    assert caller.partner_id == aviare.pk
    assert caller.plan is not None
    assert (caller.plan.name, caller.plan.rate) == (aviare.plan.name, aviare.plan.rate)
    assert caller.user_id is None
    assert caller.scopes == frozenset()


def test_only_the_hash_is_kept(aviare: Partner) -> None:
    key, raw = services.issue(partner=aviare, name="back end", now=clock.now())
    kept = " ".join(str(value) for value in ApiKey.objects.filter(pk=key.pk).values_list()[0])
    assert raw not in kept
    assert raw[12:-4] not in kept
    assert key.digest == secret.digest(raw)


def test_an_unknown_key_is_refused(aviare: Partner) -> None:
    with pytest.raises(ApiKeyInvalid):
        call(secret.generate(live=True))


def test_a_revoked_key_is_dead_at_once(aviare: Partner) -> None:
    key, raw = services.issue(partner=aviare, name="back end", now=clock.now())
    call(raw)
    services.revoke(key, now=clock.now())
    with pytest.raises(ApiKeyInvalid):
        call(raw)


def test_revoking_twice_keeps_the_first_time(aviare: Partner) -> None:
    key, _ = services.issue(partner=aviare, name="back end", now=clock.now())
    first = clock.now()
    services.revoke(key, now=first)
    services.revoke(key, now=first + timedelta(days=1))
    assert key.revoked_at == first


def test_a_key_expires_to_the_second(aviare: Partner) -> None:
    ends = clock.now() + timedelta(days=1)
    _, raw = services.issue(partner=aviare, name="back end", now=clock.now(), expires_at=ends)
    with clock.stopped_at(ends - timedelta(seconds=1)):
        call(raw)
    with clock.stopped_at(ends), pytest.raises(ApiKeyInvalid):
        call(raw)


def test_a_key_is_not_made_to_be_dead(aviare: Partner) -> None:
    now = clock.now()
    for ends in (now, now - timedelta(days=1)):
        with pytest.raises(services.ExpiryInPast):
            services.issue(partner=aviare, name="back end", now=now, expires_at=ends)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("live", [True, False])
def test_a_key_says_which_providers_it_is_for(aviare: Partner, live: bool) -> None:
    assert call(factories.api_key(aviare, live=live)).is_live_key is live


def test_a_key_is_for_the_sandbox_unless_a_live_one_is_asked_for(aviare: Partner) -> None:
    key, raw = services.issue(partner=aviare, name="back end", now=clock.now())
    assert raw.startswith("mvm_test_")
    assert not key.is_live


def test_an_inactive_partner_has_no_keys(aviare: Partner) -> None:
    raw = factories.api_key(aviare)
    Partner.objects.update(is_active=False)
    with pytest.raises(ApiKeyInvalid):
        call(raw)


def test_last_use_is_written_once_a_minute(aviare: Partner, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    key, raw = services.issue(partner=aviare, name="back end", now=clock.now())
    noon = clock.now()
    with clock.stopped_at(noon), django_assert_num_queries(2):
        call(raw)
    with clock.stopped_at(noon + timedelta(seconds=59)), django_assert_num_queries(1):
        call(raw)
    with clock.stopped_at(noon + timedelta(seconds=61)), django_assert_num_queries(2):
        call(raw)
    key.refresh_from_db()
    assert key.last_used_at == noon + timedelta(seconds=61)
