"""Who may call what: key, token and scopes, by door."""

from typing import Any

import pytest

from movmo.kit.errors import DomainError
from movmo.operations.context import Caller, Door
from movmo.operations.scopes import ApiKeyMissing, InsufficientScope, UserTokenMissing, authorize
from movmo.operations.spec import Credentials
from tests.operations import toys

TWO_SCOPES = {"scopes": ("bookings:read", "bookings:write")}
KEY, USER, MAYBE = Credentials.KEY, Credentials.KEY_AND_USER, Credentials.KEY_MAYBE_USER


def refusal(caller: Caller, **declared: Any) -> type[DomainError] | None:
    try:
        authorize(toys.operation(toys.write, **declared), caller)
    except DomainError as refused:
        return type(refused)
    return None


def bare_key() -> Caller:
    return toys.caller(user_id=None, scopes=frozenset())


def bare_token(door: Door) -> Caller:
    return toys.caller(door, partner_id=None, api_key_id=None)


@pytest.mark.parametrize("needs", list(Credentials))
def test_rest_always_needs_the_partner_s_key(needs: Credentials) -> None:
    assert refusal(bare_token(Door.REST), needs=needs) is ApiKeyMissing


@pytest.mark.parametrize(("needs", "expected"), [(KEY, None), (MAYBE, None), (USER, UserTokenMissing)])
def test_a_bare_key_calls_what_needs_no_traveler(needs: Credentials, expected: type[DomainError] | None) -> None:
    assert refusal(bare_key(), needs=needs) is expected


@pytest.mark.parametrize("needs", list(Credentials))
@pytest.mark.parametrize("door", [Door.MCP])
def test_every_other_door_needs_a_traveler_and_no_key(door: Door, needs: Credentials) -> None:
    assert refusal(bare_token(door), needs=needs) is None
    assert refusal(toys.caller(door, user_id=None), needs=needs) is UserTokenMissing


@pytest.mark.parametrize("door", [Door.REST, Door.MCP])
@pytest.mark.parametrize("granted", [(), ("bookings:read",), ("bookings:write",), ("flights:read",)])
def test_a_token_needs_every_scope(door: Door, granted: tuple[str, ...]) -> None:
    assert refusal(toys.caller(door, scopes=frozenset(granted)), **TWO_SCOPES) is InsufficientScope


def test_a_refusal_names_the_scopes_that_lack_and_those_that_are_needed() -> None:
    with pytest.raises(InsufficientScope) as caught:
        authorize(toys.operation(toys.write, **TWO_SCOPES), toys.caller(scopes=frozenset({"bookings:read"})))
    assert caught.value.facts == {"missing": "bookings:write", "required": ["bookings:read", "bookings:write"]}


def test_a_token_beside_the_key_counts_even_where_the_key_would_do() -> None:
    assert refusal(toys.caller(scopes=frozenset()), needs=KEY) is InsufficientScope


def test_more_scopes_than_needed_do_no_harm() -> None:
    assert refusal(toys.caller(), **TWO_SCOPES) is None
