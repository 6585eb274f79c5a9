"""Who may call what: every operation, over both doors, with every credential that is absent, bad or too narrow."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from oauth2_provider.models import AccessToken, set_token_value

from movmo.kit import clock
from movmo.operations import registry
from movmo.operations.models import AuditEvent
from movmo.operations.scopes import SCOPES
from movmo.operations.spec import Credentials, Operation
from partners.api_key import secret, services
from partners.api_key.models import ApiKey
from partners.oauth import tokens
from tests import factories
from tests.contract import doors
from tests.contract.doors import BOTH, MCP, REST, DoorName, Hand, Stage, committed_rows, every, the_stage  # noqa: F401  (fixtures)
from tests.contract.world import the

ELSEWHERE = "https://elsewhere.example/v1"


def forged(stage: Stage, *, keep_row: bool = True, **claims: object) -> str:
    """A token that we signed ourselves, with other claims than we ever would, and with its row."""
    known = jwt.decode(stage.token(stage.ana), options={"verify_signature": False})
    raw = tokens._keys()[0].sign({**known, "jti": str(uuid4()), **claims})
    if keep_row:
        row = AccessToken(
            user=stage.ana,
            application=stage.scout,
            scope=" ".join(SCOPES),
            expires=clock.now() + tokens.LIFETIME,
            resource=list(tokens.RESOURCES),
        )
        set_token_value(row, raw)
        row.save()
    return raw


def of_a_revoked_row(stage: Stage) -> str:
    raw = factories.token(stage.bo, SCOPES, stage.scout)
    AccessToken.objects.latest("pk").delete()
    return raw


def of_a_disabled_client(stage: Stage) -> str:
    client = factories.application("disabled")
    client.disabled_at = clock.now()
    client.save()
    return factories.token(stage.ana, SCOPES, client)


def of_an_inactive_traveler(stage: Stage) -> str:
    traveler = factories.traveler("gone@example.com")
    traveler.is_active = False
    traveler.save()
    return factories.token(traveler, SCOPES, stage.scout)


def with_another_signature(stage: Stage) -> str:
    head, claims, signature = stage.token(stage.ana).split(".")
    other = "A" if signature[20] != "A" else "B"
    return f"{head}.{claims}.{signature[:20]}{other}{signature[21:]}"


def unsigned(stage: Stage) -> str:
    claims = jwt.decode(stage.token(stage.ana), options={"verify_signature": False})
    return jwt.encode(claims, "", algorithm="none")


BAD_TOKENS: dict[str, Callable[[Stage], str]] = {
    "garbage": lambda stage: "garbage",
    "other-signature": with_another_signature,
    "other-audience": lambda stage: forged(stage, aud=[ELSEWHERE]),
    "no-row": lambda stage: forged(stage, keep_row=False),
    "revoked-row": of_a_revoked_row,
}
# Odder ones. The operation makes no difference to them, so one that needs a traveler stands for all.
ODD_TOKENS: dict[str, Callable[[Stage], str]] = {
    "three-parts": lambda stage: "a.b.c",
    "huge": lambda stage: "a" * 10_000,
    "latin-1": lambda stage: "tök\xadn",
    "unsigned": unsigned,
    "refresh-token": lambda stage: tokens.refresh_token(None),
    "other-issuer": lambda stage: forged(stage, iss=ELSEWHERE),
    "disabled-client": of_a_disabled_client,
    "inactive-traveler": of_an_inactive_traveler,
}


@pytest.fixture(scope="module")
def bad_tokens(stage: Stage) -> dict[str, str]:
    return {name: make(stage) for name, make in BAD_TOKENS.items()}


def needs_user(operation: Operation) -> bool:
    return operation.needs is Credentials.KEY_AND_USER


@every(*BOTH)
def test_nobody_gets_in_without_a_credential(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=Hand())
    assert told.verdict == (401, "api_key_missing" if door_name == "rest" else "token_missing")
    assert "error=" not in told.answer.headers["www-authenticate"]
    assert "resource_metadata=" in told.answer.headers["www-authenticate"]


@pytest.mark.parametrize("kind", BAD_TOKENS)
@every(*BOTH)
def test_a_bad_token_is_refused(
    stage: Stage, bad_tokens: dict[str, str], operation: Operation, door_name: DoorName, kind: str
) -> None:
    hand = Hand(bad_tokens[kind], stage.key(stage.aviare))
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand)
    assert told.verdict == (401, "token_invalid")
    assert 'error="invalid_token"' in told.answer.headers["www-authenticate"]


@pytest.mark.parametrize("kind", ODD_TOKENS)
@pytest.mark.parametrize("door_name", (*REST, *MCP))
def test_an_odd_token_is_refused(stage: Stage, door_name: DoorName, kind: str) -> None:
    operation = the("get_booking")
    hand = Hand(ODD_TOKENS[kind](stage), stage.key(stage.aviare))
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand)
    assert told.verdict == (401, "token_invalid")


@every(*BOTH)
def test_a_token_ends_with_its_hour(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    arguments = stage.arguments(operation)
    with clock.stopped_at(clock.now() + tokens.LIFETIME):
        told = stage.refused(door_name, operation, arguments)
    assert told.verdict == (401, "token_invalid")


@every(*BOTH)
def test_a_token_for_the_other_door_alone_is_refused(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    other = tokens.MCP_RESOURCE if door_name == "rest" else tokens.REST_RESOURCE
    hand = Hand(forged(stage, aud=[other]), stage.key(stage.aviare))
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand)
    assert told.verdict == (401, "token_invalid")


EACH_SCOPE = [
    pytest.param(operation, door, scope, id=f"{operation.name}-{door}-{scope}")
    for operation in registry.all_operations()
    for scope in operation.scopes
    for door in (*REST, *MCP)
    if doors.serves(door, operation)
]


@pytest.mark.parametrize(("operation", "door_name", "scope"), EACH_SCOPE)
def test_a_token_without_one_scope_is_told_all(
    stage: Stage, operation: Operation, door_name: DoorName, scope: str
) -> None:
    hand = Hand(stage.token(stage.ana, frozenset(SCOPES) - {scope}), stage.key(stage.aviare))
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand)
    assert told.verdict == (403, "insufficient_scope")
    assert told.body["details"]["required"] == list(operation.scopes)
    challenge = told.answer.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert f'scope="{" ".join(operation.scopes)}"' in challenge
    assert AuditEvent.objects.filter(request_id=told.body["request_id"], code="insufficient_scope").exists()


@every(*REST)
def test_a_token_without_any_scope_reaches_what_needs_none(
    stage: Stage, operation: Operation, door_name: DoorName
) -> None:
    hand = Hand(stage.token(stage.ana, frozenset()), stage.key(stage.aviare))
    if operation.scopes:
        told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand)
        assert told.body["details"]["required"] == list(operation.scopes)
    else:
        assert not stage.call(door_name, operation, stage.fresh_arguments(operation), hand=hand).is_refusal


def a_revoked_key(stage: Stage) -> str:
    key, raw = services.issue(partner=stage.aviare, name="revoked", now=clock.now())
    services.revoke(key, now=clock.now())
    return raw


def an_expired_key(stage: Stage) -> str:
    key, raw = services.issue(partner=stage.aviare, name="old", now=clock.now())
    ApiKey.objects.filter(pk=key.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    return raw


BAD_KEYS: dict[str, Callable[[Stage], str]] = {
    "empty": lambda stage: "",
    "garbage": lambda stage: "garbage",
    "well-formed": lambda stage: secret.generate(live=True),
    "revoked": a_revoked_key,
    "expired": an_expired_key,
    "a-token": lambda stage: stage.as_ana.token or "",
}


@pytest.mark.parametrize("kind", BAD_KEYS)
@every(*REST)
def test_a_bad_key_is_refused(stage: Stage, operation: Operation, door_name: DoorName, kind: str) -> None:
    hand = Hand(stage.as_ana.token, BAD_KEYS[kind](stage))
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand)
    assert told.verdict == (401, "api_key_invalid")


@every(*REST)
def test_a_token_without_a_key_is_refused(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=Hand(stage.as_ana.token))
    assert told.verdict == (401, "api_key_missing")


@every(*REST, where=needs_user)
def test_a_key_alone_cannot_act_for_a_traveler(stage: Stage, operation: Operation, door_name: DoorName) -> None:
    hand = Hand(key=stage.key(stage.aviare))
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand)
    assert told.verdict == (401, "token_missing")
    assert f'scope="{" ".join(operation.scopes)}"' in told.answer.headers["www-authenticate"]


@every(*REST)
def test_a_token_of_another_partner_s_application_is_refused(
    stage: Stage, operation: Operation, door_name: DoorName
) -> None:
    theirs = factories.token(stage.ana, SCOPES, factories.application("kestrel-web", of=stage.kestrel))
    hand = Hand(theirs, stage.key(stage.aviare))
    told = stage.refused(door_name, operation, stage.arguments(operation), hand=hand)
    assert told.verdict == (403, "token_not_for_partner")
