"""Key rotation: on disk by the command, and what a token of yesterday's key is worth today."""

import base64
import hashlib
import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from django.core.management import CommandError, call_command
from django.core.wsgi import get_wsgi_application
from django.test import Client
from pytest_django import Settings

from mcp_server.asgi import McpDoor
from movmo import asgi, env
from movmo.accounts.models import User
from movmo.kit.rsa import new_rsa_key
from movmo.operations.context import Door
from partners import authentication
from partners.authentication import TokenInvalid, authenticate
from partners.oauth import keys, tokens
from partners.oauth.models import Application
from tests import factories
from tests.conftest import StoppedClock
from tests.live import live_server

ORIGIN = "http://127.0.0.1:8000"
FIRST = new_rsa_key()


def command(*options: str) -> str:
    printed = io.StringIO()
    call_command("rotate_oauth_key", *options, stdout=printed)
    return printed.getvalue()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Path:
    """Where production keeps its keys: one, as openssl makes it."""
    path = tmp_path / "oauth.pem"
    path.write_text(FIRST)
    monkeypatch.delenv("MOVMO_OAUTH_RSA_KEY", raising=False)
    monkeypatch.setenv("MOVMO_OAUTH_RSA_KEY_FILE", str(path))
    settings.MOVMO_OAUTH_KEY_FILE = env.signing_key_file()
    return path


@pytest.fixture
def restarted(settings: Settings) -> Iterator[Any]:
    """A process that starts with the keys of the file."""

    def restart() -> None:
        env.secret.cache_clear()
        signing, *verifying = env.signing_keys()
        provider = {"OIDC_RSA_PRIVATE_KEY": signing, "OIDC_RSA_PRIVATE_KEYS_INACTIVE": verifying}
        settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | provider
        tokens._keys.cache_clear()
        tokens._public_keys.cache_clear()

    yield restart
    env.secret.cache_clear()
    tokens._keys.cache_clear()
    tokens._public_keys.cache_clear()


def works(token: str) -> bool:
    try:
        return authenticate(door=Door.REST, api_key=None, bearer=token, request_id="r").user_id is not None
    except TokenInvalid:
        return False


def kids(client: Client) -> list[str]:
    return [key["kid"] for key in client.get("/.well-known/jwks.json").json()["keys"]]


def test_a_token_of_the_key_before_is_good_until_that_key_is_retired(
    file: Path, restarted: Any, ana: User, scout: Application, client: Client, clock: StoppedClock
) -> None:
    restarted()
    before = factories.token(ana, ["flights:read"])
    command()
    restarted()
    after = factories.token(ana, ["flights:read"])
    assert kids(client) == [jwt.get_unverified_header(token)["kid"] for token in (after, before)]
    assert works(before)
    assert works(after)

    clock.forward(days=1, minutes=59)
    command("--retire")
    restarted()
    assert len(kids(client)) == 2
    clock.forward(minutes=1)
    late = factories.token(ana, ["flights:read"])
    command("--retire")
    restarted()
    assert kids(client) == [jwt.get_unverified_header(late)["kid"]]
    assert works(late)
    assert not works(before)


def test_a_new_key_goes_in_front_and_the_file_is_for_its_owner_only(file: Path, clock: StoppedClock) -> None:
    file.chmod(0o644)
    printed = command()
    env.secret.cache_clear()
    new, old = env.signing_keys()  # skips what stands between the keys
    env.secret.cache_clear()
    assert (new != old, old) == (True, FIRST.strip())
    assert file.read_text().startswith(f"# made {clock.now.isoformat()}\n-----BEGIN")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["oauth.pem"]
    assert keys.Key(new, None).kid in printed
    assert "PRIVATE" not in printed


def test_only_what_was_replaced_long_ago_is_retired(file: Path, clock: StoppedClock) -> None:
    command()
    clock.forward(hours=20)
    command()
    clock.forward(hours=6)
    assert command("--retire").count("Deleted key") == 1
    assert file.read_text().count("BEGIN") == 2
    assert FIRST.strip() not in file.read_text()
    assert "No key to delete" in command("--retire")


def test_a_key_behind_one_without_a_date_is_a_persons_to_remove(file: Path, clock: StoppedClock) -> None:
    file.write_text(new_rsa_key() + FIRST)
    clock.forward(days=365)
    assert "No key to delete" in command("--retire")


def test_the_only_key_is_never_retired(file: Path, clock: StoppedClock) -> None:
    command()
    clock.forward(days=3)
    command("--retire")
    clock.forward(days=300)
    command("--retire")
    assert file.read_text().count("BEGIN") == 1


def test_a_key_in_the_environment_cannot_be_rotated_by_a_command(
    file: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("MOVMO_OAUTH_RSA_KEY", FIRST)
    settings.MOVMO_OAUTH_KEY_FILE = env.signing_key_file()
    with pytest.raises(CommandError, match="name a file in MOVMO_OAUTH_RSA_KEY_FILE"):
        command()
    assert file.read_text() == FIRST


@pytest.mark.parametrize("content", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"])
def test_what_cannot_be_read_is_not_written_over(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(CommandError):
        command()
    assert file.read_text() == content


def test_a_rotation_under_way_keeps_another_out(file: Path) -> None:
    aside = file.with_name("oauth.pem.new")
    aside.touch()
    with pytest.raises(CommandError, match="another rotation"):
        command()
    assert file.read_text() == FIRST
    assert aside.exists()


def test_development_rotates_the_key_that_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    for name in ("MOVMO_OAUTH_RSA_KEY", "MOVMO_OAUTH_RSA_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOVMO_VAR", str(tmp_path))
    settings.MOVMO_OAUTH_KEY_FILE = env.signing_key_file()
    made = {"MOVMO_SECRET_KEY": "kept", "MOVMO_OAUTH_RSA_KEY": FIRST}
    (tmp_path / "secrets.json").write_text(json.dumps(made))
    command()
    now = json.loads((tmp_path / "secrets.json").read_text())
    assert now["MOVMO_SECRET_KEY"] == "kept"
    assert now["MOVMO_OAUTH_RSA_KEY"].count("BEGIN") == 2


def test_the_key_set_is_public_keys_only_and_may_be_cached(client: Client, db: None) -> None:
    response = client.get("/.well-known/jwks.json")
    assert "max-age=3600" in response["Cache-Control"]
    for key in response.json()["keys"]:
        assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
        # RFC 7638: these members, in this order, without spaces.
        members = json.dumps({name: key[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
        digest = hashlib.sha256(members.encode()).digest()
        assert key["kid"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.django_db(transaction=True)
def test_a_third_party_follows_a_rotation_by_the_published_keys(
    file: Path, restarted: Any, ana: User, scout: Application, settings: Settings
) -> None:
    """With a cache of its own, as PyJWT's client has: it asks again when it meets a key that it does not know."""
    settings.MOVMO_USAGE_SECONDS = 0
    restarted()
    before = factories.token(ana, ["flights:read"])
    with live_server(asgi.Application(mcp=McpDoor(authentication), wsgi=get_wsgi_application())) as origin:
        published = jwt.PyJWKClient(f"{origin}/.well-known/jwks.json", cooldown_duration=0)

        def subject(token: str) -> Any:
            key = published.get_signing_key_from_jwt(token)
            return jwt.decode(token, key, algorithms=["RS256"], audience=f"{ORIGIN}/v1", issuer=ORIGIN)["sub"]

        assert subject(before) == str(ana.pk)
        command()
        restarted()
        after = factories.token(ana, ["flights:read"])
        assert subject(after) == subject(before) == str(ana.pk)
        forged = jwt.encode({"sub": "x"}, new_rsa_key(), algorithm="RS256", headers={"kid": "stranger"})
        with pytest.raises(jwt.PyJWKClientError):
            subject(forged)
