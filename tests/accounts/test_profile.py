"""get_user_profile, update_user, and the preferences."""

from typing import Any

import pytest
from django.db import connection

from movmo.accounts.models import TravelPreferences
from movmo.accounts.preferences.schemas import LocaleView, TravelView
from movmo.accounts.profile.schemas import ProfileView
from movmo.kit.errors import InvalidArguments
from movmo.operations.context import Caller
from tests.contract.world import TRAVEL_WISHES, World, view_of

pytestmark = pytest.mark.django_db


def test_a_traveler_reads_their_own_profile(world: World, bo_at_aviare: Caller) -> None:
    mine = view_of(ProfileView, world.call("get_user_profile"))
    assert (mine.user_id, mine.email) == (world.caller.user_id, "ana@example.com")
    assert view_of(ProfileView, world.call("get_user_profile", by=bo_at_aviare)).email == "bo@example.com"


def test_a_profile_tells_the_preferences_in_short(world: World, ana_by_scout: Caller) -> None:
    defaults = view_of(ProfileView, world.call("get_user_profile")).preferences
    assert (defaults.language, defaults.country, defaults.currency) == ("en", "US", "USD")
    assert (defaults.seat, defaults.meal, defaults.cabin_class) == (None, None, None)
    locale = {"language": "de", "country": "DE", "currency": "EUR"}
    world.call("upsert_locale_preferences", **locale)
    world.call("upsert_travel_preferences", **{**TRAVEL_WISHES, "cabin_class": "business"})
    told = view_of(ProfileView, world.call("get_user_profile", by=ana_by_scout)).model_dump(mode="json")
    assert told["preferences"] == {**locale, "seat": "aisle", "meal": "VGML", "cabin_class": "business"}


def test_names_are_replaced(world: World) -> None:
    told = view_of(ProfileView, world.call("update_user", given_name="Ana", family_name="Silva"))
    assert told == view_of(ProfileView, world.call("get_user_profile"))
    assert (told.given_name, told.family_name) == ("Ana", "Silva")


@pytest.mark.parametrize("field", ["email", "phone_number"])
def test_where_codes_go_is_not_changed_here(world: World, field: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        world.call("update_user", given_name="Ana", family_name="Silva", **{field: "x@example.com"})
    assert set(caught.value.fields) == {f"/{field}"}


@pytest.mark.parametrize("field", ["given_name", "family_name"])
def test_a_missing_name_is_named(world: World, field: str) -> None:
    names = {"given_name": "Ana", "family_name": "Silva"}
    del names[field]
    with pytest.raises(InvalidArguments) as caught:
        world.call("update_user", **names)
    assert set(caught.value.fields) == {f"/{field}"}


def test_the_defaults_are_english_the_united_states_and_dollars(world: World) -> None:
    view = view_of(LocaleView, world.call("get_locale_preferences"))
    assert (view.language, view.country, view.currency) == ("en", "US", "USD")


def test_locale_preferences_are_put_and_put_again(world: World) -> None:
    for language, country, currency in (("de", "DE", "EUR"), ("nl", "NL", "EUR")):
        put = {"language": language, "country": country, "currency": currency}
        world.call("upsert_locale_preferences", **put)
        assert view_of(LocaleView, world.call("get_locale_preferences")).model_dump() == put


@pytest.mark.parametrize(
    ("field", "wrong"), [("language", "xx"), ("country", "UK"), ("currency", "EUX"), ("currency", "eur")]
)
def test_what_is_no_locale_is_named(world: World, field: str, wrong: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        world.call("upsert_locale_preferences", **{"language": "en", "country": "US", "currency": "USD", field: wrong})
    assert set(caught.value.fields) == {f"/{field}"}


def test_without_wishes_there_are_none(world: World) -> None:
    assert view_of(TravelView, world.call("get_travel_preferences")) == TravelView()


def test_wishes_are_kept_and_the_number_is_masked(world: World, ana_by_scout: Caller) -> None:
    world.call("upsert_travel_preferences", **TRAVEL_WISHES)
    told = view_of(TravelView, world.call("get_travel_preferences", by=ana_by_scout))
    assert told.model_dump(mode="json") == {**TRAVEL_WISHES, "known_traveler_number": "••••••567"}
    assert TravelPreferences.objects.get().known_traveler_number == TRAVEL_WISHES["known_traveler_number"]


def test_numbers_are_not_in_the_table(world: World) -> None:
    world.call("upsert_travel_preferences", **TRAVEL_WISHES)
    with connection.cursor() as cursor:
        cursor.execute("SELECT loyalty_programmes, known_traveler_number FROM travel_preferences")
        stored = b"".join(bytes(part) for part in cursor.fetchone())
    assert b"2048815162" not in stored
    assert b"TT1234567" not in stored


@pytest.mark.parametrize("field", sorted(TRAVEL_WISHES))
def test_a_missing_wish_is_named(world: World, field: str) -> None:
    rest: dict[str, Any] = {name: value for name, value in TRAVEL_WISHES.items() if name != field}
    with pytest.raises(InvalidArguments) as caught:
        world.call("upsert_travel_preferences", **rest)
    assert set(caught.value.fields) == {f"/{field}"}


def test_what_was_read_masked_may_be_sent_back(world: World) -> None:
    world.call("upsert_travel_preferences", **TRAVEL_WISHES)
    read = view_of(TravelView, world.call("get_travel_preferences")).model_dump(mode="json")
    world.call("upsert_travel_preferences", **{**read, "seat": "window"})
    kept = TravelPreferences.objects.get()
    assert (kept.seat, kept.known_traveler_number) == ("window", TRAVEL_WISHES["known_traveler_number"])


@pytest.mark.parametrize("mask", ["••••••568", "•••••567", "567"])
def test_the_mask_of_another_number_is_refused(world: World, mask: str) -> None:
    world.call("upsert_travel_preferences", **TRAVEL_WISHES)
    with pytest.raises(InvalidArguments) as caught:
        world.call("upsert_travel_preferences", **{**TRAVEL_WISHES, "known_traveler_number": mask})
    assert set(caught.value.fields) == {"/known_traveler_number"}
