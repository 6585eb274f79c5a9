"""Access tokens at the door: every way to forge, outlive or misuse one."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.utils import timezone
from oauth2_provider.models import AccessToken, set_token_value
from pytest_django import DjangoAssertNumQueries

from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations.context import Caller, Door
from partners.authentication import TokenInvalid, TokenNotForPartner, authenticate, challenge
from partners.oauth import tokens
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories

STRANGERS_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def call(bearer: str, door: Door = Door.REST, api_key: str | None = None) -> Caller:
    return authenticate(door=door, api_key=api_key, bearer=bearer, request_id="r-1")


@pytest.fixture
def token(ana: User, scout: Application) -> str:
    return factories.token(ana, ["flights:read", "bookings:read"])


def resigned(token: str, key: Any = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """The same token with other claims, by default signed with our own key: only the checks stand in its way."""
    ours = tokens._keys()[0]
    body = jwt.decode(token, options={"verify_signature": False}) | claims
    body = {name: value for name, value in body.items() if value is not None}
    return jwt.encode(body, key or ours.private, algorithm="RS256", headers={**ours.header, **(header or {})})


def registered(raw: str, user: User, client: Application) -> str:
    """Give a text a row, as if the token endpoint had issued it."""
    row = AccessToken(user=user, application=client, scope="flights:read", expires=timezone.now() + tokens.LIFETIME)
    set_token_value(row, raw)
    row.save()
    return raw


@pytest.mark.parametrize("door", list(Door))
def test_one_token_opens_both_doors(token: str, ana: User, door: Door) -> None:
    caller = call(token, door)
    assert (caller.door, caller.user_id, caller.client_id) == (door, ana.pk, "scout")
    assert caller.scopes == {"flights:read", "bookings:read"}
    assert caller.request_id == "r-1"


def test_nothing_sent_is_nobody_and_not_judged_here() -> None:
    caller = authenticate(door=Door.REST, api_key=None, bearer=None, request_id="r-1")
    assert caller == Caller(door=Door.REST, request_id="r-1")


def test_the_token_is_an_rfc_9068_token(token: str, ana: User) -> None:
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iss"] == "http://127.0.0.1:8000"
    assert claims["aud"] == ["http://127.0.0.1:8000/v1/mcp", "http://127.0.0.1:8000/v1"]
    assert claims["sub"] == claims["user_id"] == str(ana.pk)
    assert claims["exp"] - claims["iat"] == 3600


def test_the_token_itself_is_not_kept(token: str) -> None:
    row = AccessToken.objects.get()
    assert row.token == ""


def forgeries() -> dict[str, Any]:
    return {
        "empty": lambda token: "",
        "noise": lambda token: "ey.ey.ey",
        "opaque": lambda token: tokens.refresh_token(None),
        "huge": lambda token: token + "A" * 5_000,
        "unsigned": lambda token: token.rpartition(".")[0] + ".",
        "alg none": lambda token: jwt.encode(jwt.decode(token, options={"verify_signature": False}), "", "none"),
        "hmac with our public key": lambda token: jwt.encode({"sub": "x"}, "k" * 32, "HS256"),
        "stranger's key": lambda token: resigned(token, key=STRANGERS_KEY),
        "stranger's kid": lambda token: resigned(token, key=STRANGERS_KEY, header={"kid": "stranger"}),
        "embedded jwk": lambda token: resigned(token, header={"jwk": {"kty": "RSA"}}),
        "plain JWT": lambda token: resigned(token, header={"typ": "JWT"}),
        "other issuer": lambda token: resigned(token, iss="https://elsewhere.example"),
        "no issuer": lambda token: resigned(token, iss=None),
        "other audience": lambda token: resigned(token, aud="https://elsewhere.example/v1"),
        "audience of the other door": lambda token: resigned(token, aud="http://127.0.0.1:8000/v1/mcp"),
        "expired": lambda token: resigned(token, exp=1_700_000_000),
        "no expiry": lambda token: resigned(token, exp=None),
        "changed body": lambda token: ".".join([token.split(".")[0], "e30", token.split(".")[2]]),
    }


@pytest.mark.parametrize("forge", forgeries().values(), ids=forgeries().keys())
def test_a_forged_token_never_reaches_the_database(
    token: str, forge: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0), pytest.raises(TokenInvalid):
        call(forge(token))


def test_a_good_signature_without_a_row_is_refused(token: str) -> None:
    with pytest.raises(TokenInvalid):
        call(resigned(token, jti="another"))


def test_a_known_text_that_is_no_access_token_is_refused(ana: User, scout: Application) -> None:
    """A registration token has a row as well."""
    with pytest.raises(TokenInvalid):
        call(registered("opaque-registration-token", ana, scout))


def test_a_token_lives_sixty_minutes(ana: User, scout: Application) -> None:
    noon = clock.now().replace(microsecond=0)
    with clock.stopped_at(noon):
        token = factories.token(ana, ["flights:read"])
    with clock.stopped_at(noon + timedelta(minutes=59, seconds=59)):
        call(token)
    with clock.stopped_at(noon + timedelta(minutes=60)), pytest.raises(TokenInvalid):
        call(token)


def test_a_row_that_expired_early_counts(token: str) -> None:
    AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    with pytest.raises(TokenInvalid):
        call(token)


def test_a_revoked_token_is_dead_at_once(token: str) -> None:
    call(token)
    AccessToken.objects.all().delete()
    with pytest.raises(TokenInvalid):
        call(token)


def test_a_deactivated_traveler_is_out_at_once(token: str) -> None:
    User.objects.update(is_active=False)
    with pytest.raises(TokenInvalid):
        call(token)


def test_a_disabled_client_is_out_at_once(token: str) -> None:
    Application.objects.update(disabled_at=clock.now())
    with pytest.raises(TokenInvalid):
        call(token)


def test_key_and_token_cost_two_queries(
    ana: User, aviare: Partner, token: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    key = factories.api_key(aviare)
    call(token, api_key=key)
    with django_assert_num_queries(2):
        caller = call(token, api_key=key)
    assert (caller.partner_id, caller.user_id) == (aviare.pk, ana.pk)


def test_a_token_of_one_partner_is_no_use_to_another(ana: User, aviare: Partner, kestrel: Partner) -> None:
    token = factories.token(ana, ["flights:read"], factories.application("aviare-app", of=aviare))
    assert call(token, api_key=factories.api_key(aviare)).user_id == ana.pk
    with pytest.raises(TokenNotForPartner):
        call(token, api_key=factories.api_key(kestrel))


def test_the_challenge_before_any_credential() -> None:
    assert challenge(None, ["flights:read"], "mcp", None) == (
        'Bearer scope="flights:read", '
        'resource_metadata="http://127.0.0.1:8000/.well-known/oauth-protected-resource/v1/mcp"'
    )


def test_the_challenge_after_a_bad_one_stays_one_header() -> None:
    assert challenge("invalid_token", [], "rest", 'no "quotes" \\ here') == (
        'Bearer error="invalid_token", error_description="no \'quotes\'  here", '
        'resource_metadata="http://127.0.0.1:8000/.well-known/oauth-protected-resource/v1"'
    )
