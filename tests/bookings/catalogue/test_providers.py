"""list_providers, get_provider_capabilities"""

import pytest

from bookings.catalogue.schemas import CapabilitiesView, ProviderList
from bookings.providers.registry import ProviderUnknown
from movmo.operations.context import Caller
from tests.contract.world import World, view_of

pytestmark = pytest.mark.django_db


def test_a_bare_key_lists_the_providers(world: World, aviare_alone: Caller) -> None:
    found = view_of(ProviderList, world.call("list_providers", by=aviare_alone))
    assert [one.provider for one in found.data] == ["sandbox"]


def test_an_agent_lists_them_too(world: World, ana_by_scout: Caller) -> None:
    assert view_of(ProviderList, world.call("list_providers", by=ana_by_scout)).data


def test_a_provider_tells_what_it_can_do(world: World, aviare_alone: Caller) -> None:
    answer = world.call("get_provider_capabilities", by=aviare_alone, provider="sandbox")
    able = view_of(CapabilitiesView, answer)
    assert (able.bookable, able.search, able.holds, able.max_passengers) == (True, True, True, 9)


def test_an_unknown_provider_is_not_found_and_the_known_are_named(world: World, aviare_alone: Caller) -> None:
    with pytest.raises(ProviderUnknown) as caught:
        world.call("get_provider_capabilities", by=aviare_alone, provider="montgolfier")
    assert caught.value.facts["known"] == ["sandbox"]
