"""What the environment may say, and the one sentence that an operator reads when it says something else."""

import base64
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from movmo import env

KEY_BYTES = hashlib.sha256(b"a key of the tests").digest()
KEY = base64.b64encode(KEY_BYTES).decode()


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


PEM = _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
PRODUCTION = {
    "MOVMO_ENV": "production",
    "MOVMO_ORIGIN": "https://api.example.com",
    "MOVMO_ALLOWED_HOSTS": "api.example.com",
    "MOVMO_REDIS_URL": "redis://127.0.0.1:6379/0",
    "MOVMO_BROKER_URL": "redis://127.0.0.1:6379/1",
    "MOVMO_SECRET_KEY": hashlib.sha256(b"another key of the tests").hexdigest(),
    "MOVMO_ENCRYPTION_KEYS": f"1:{KEY}",
    "MOVMO_OAUTH_RSA_KEY": PEM,
}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Secrets are read once; here they are read anew."""
    env.secret.cache_clear()
    yield
    env.secret.cache_clear()


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name, value in {**PRODUCTION, "DATABASE_URL": f"sqlite:///{tmp_path}/movmo.sqlite3"}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def _run(tmp_path: Path, *command: str, **changes: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOVMO_")}
    environment |= PRODUCTION | {"DATABASE_URL": f"sqlite:///{tmp_path}/movmo.sqlite3", "MOVMO_VAR": str(tmp_path)}
    environment |= changes
    return subprocess.run(
        [sys.executable, *command], env=environment, cwd=env.BASE_DIR, capture_output=True, text=True, timeout=60
    )


def test_a_whole_production_environment_is_accepted(production: pytest.MonkeyPatch) -> None:
    env.require()
    assert env.origin() == "https://api.example.com"
    assert env.allowed_hosts() == ["api.example.com"]
    assert env.encryption_keys() == {1: KEY_BYTES}
    assert env.signing_keys() == [PEM.strip()]


@pytest.mark.parametrize("name", env.REQUIRED)
@pytest.mark.parametrize("value", [None, "", " "])
def test_what_production_lacks_is_named(production: pytest.MonkeyPatch, name: str, value: str | None) -> None:
    production.delenv(name) if value is None else production.setenv(name, value)
    with pytest.raises(env.Misconfigured, match=f"^{name} must be set in production$"):
        env.require()


def test_everything_that_is_missing_is_named_at_once(production: pytest.MonkeyPatch) -> None:
    production.delenv("MOVMO_ORIGIN")
    production.delenv("DATABASE_URL")
    with pytest.raises(env.Misconfigured, match=r"^MOVMO_ORIGIN, DATABASE_URL must"):
        env.require()


def test_development_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOVMO_ENV", *env.REQUIRED):
        monkeypatch.delenv(name, raising=False)
    env.require()
    assert env.origin() == "http://127.0.0.1:8000"
    assert "testserver" in env.allowed_hosts()


def test_an_empty_secret_is_missing(production: pytest.MonkeyPatch, tmp_path: Path) -> None:
    production.setenv("MOVMO_SECRET_KEY", "")
    with pytest.raises(env.Misconfigured, match="MOVMO_SECRET_KEY"):
        env.secret("MOVMO_SECRET_KEY")
    production.setenv("MOVMO_ENV", "development")
    assert env.secret("MOVMO_SECRET_KEY")


@pytest.mark.parametrize(
    "value",
    ["1:abc", "1:%%%%", f"1:{KEY}é", f"256:{KEY}", f"²:{KEY}", KEY, "1:" + base64.b64encode(b"short").decode(), "1:,"],
)
def test_a_malformed_key_ring_is_told(production: pytest.MonkeyPatch, value: str) -> None:
    production.setenv("MOVMO_ENCRYPTION_KEYS", value)
    with pytest.raises(env.Misconfigured, match="MOVMO_ENCRYPTION_KEYS must be id:base64 pairs"):
        env.encryption_keys()


def test_two_keys_of_one_id_are_told(production: pytest.MonkeyPatch) -> None:
    """Whichever of them counted, what the other had encrypted would be lost."""
    other = base64.b64encode(bytes(reversed(KEY_BYTES))).decode()
    production.setenv("MOVMO_ENCRYPTION_KEYS", f"1:{KEY},01:{other}")
    with pytest.raises(env.Misconfigured, match="1 is there twice"):
        env.encryption_keys()
    env.secret.cache_clear()
    production.setenv("MOVMO_ENCRYPTION_KEYS", f"1:{KEY},2:{other}")
    assert set(env.encryption_keys()) == {1, 2}


@pytest.mark.parametrize(
    "value",
    [
        "oauth.pem",
        "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----",
        _pem(ec.generate_private_key(ec.SECP256R1())),
        PEM + PEM.replace("MII", "XXX", 1),
    ],
    ids=["path", "nonsense", "curve", "second"],
)
def test_a_signing_key_that_cannot_sign_is_told(production: pytest.MonkeyPatch, value: str) -> None:
    production.setenv("MOVMO_OAUTH_RSA_KEY", value)
    with pytest.raises(env.Misconfigured, match="MOVMO_OAUTH_RSA_KEY must hold PEM"):
        env.signing_keys()


def test_signing_keys_on_one_line_are_read(production: pytest.MonkeyPatch) -> None:
    production.setenv("MOVMO_OAUTH_RSA_KEY", (PEM + PEM).replace("\n", "\\n"))
    assert env.signing_keys() == [PEM.strip()] * 2


@pytest.mark.parametrize("name", ["MOVMO_SECRET_KEY", "MOVMO_ENCRYPTION_KEYS", "MOVMO_OAUTH_RSA_KEY"])
def test_a_secret_may_come_from_a_file(production: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text(f"{PRODUCTION[name]}\n")
    production.delenv(name)
    production.setenv(f"{name}_FILE", str(tmp_path / "secret"))
    env.require()
    assert env.secret(name) == PRODUCTION[name].strip()


@pytest.mark.parametrize("content", [None, "", " \n", b"\xff\xfe"])
def test_a_file_without_a_secret_is_told_without_what_is_in_it(
    production: pytest.MonkeyPatch, tmp_path: Path, content: str | bytes | None
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    production.delenv("MOVMO_SECRET_KEY")
    production.setenv("MOVMO_SECRET_KEY_FILE", str(path))
    with pytest.raises(env.Misconfigured, match=r"^MOVMO_SECRET_KEY_FILE must name a file that can be read"):
        env.secret("MOVMO_SECRET_KEY")


def test_the_environment_counts_before_the_file(production: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the file")
    production.setenv("MOVMO_SECRET_KEY_FILE", str(tmp_path / "secret"))
    assert env.secret("MOVMO_SECRET_KEY") == PRODUCTION["MOVMO_SECRET_KEY"]


@pytest.mark.parametrize("end", ["/", "/api", "?a=b", "#here", ":x", "\n", "@evil.example"])
@pytest.mark.parametrize("name", ["development", "production"])
def test_an_origin_has_no_path(production: pytest.MonkeyPatch, name: str, end: str) -> None:
    production.setenv("MOVMO_ENV", name)
    production.setenv("MOVMO_ORIGIN", f"https://api.example.com{end}")
    with pytest.raises(env.Misconfigured, match="MOVMO_ORIGIN must be like"):
        env.origin()


def test_an_origin_is_https_in_production(production: pytest.MonkeyPatch) -> None:
    production.setenv("MOVMO_ORIGIN", "http://api.example.com:8000")
    with pytest.raises(env.Misconfigured, match="https:// in production"):
        env.origin()
    production.setenv("MOVMO_ENV", "development")
    assert env.origin() == "http://api.example.com:8000"


def test_webhooks_do_not_lead_to_our_own_ports_in_production(production: pytest.MonkeyPatch) -> None:
    assert not env.webhooks_to_loopback()
    production.setenv("MOVMO_WEBHOOKS_TO_LOOPBACK", "1")
    with pytest.raises(env.Misconfigured, match="MOVMO_WEBHOOKS_TO_LOOPBACK must not be set in production"):
        env.webhooks_to_loopback()
    production.setenv("MOVMO_ENV", "development")
    assert env.webhooks_to_loopback()


def test_the_test_clients_host_is_not_served_in_production(production: pytest.MonkeyPatch) -> None:
    production.setenv("MOVMO_ALLOWED_HOSTS", "api.example.com,testserver")
    assert env.allowed_hosts() == ["api.example.com"]
    production.setenv("MOVMO_ALLOWED_HOSTS", "api.example.com,*")
    with pytest.raises(env.Misconfigured, match="must name its hosts"):
        env.allowed_hosts()
    production.setenv("MOVMO_ALLOWED_HOSTS", ",")
    with pytest.raises(env.Misconfigured, match="MOVMO_ALLOWED_HOSTS"):
        env.allowed_hosts()


@pytest.mark.parametrize("address", ["postgresql://a:secret@host:port/name", "postgresql://[a:secret@host/name"])
def test_a_database_address_that_is_none_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", address)
    with pytest.raises(env.Misconfigured, match="DATABASE_URL") as told:
        env.database()
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("address", ["127.0.0.1:6379", "http://:secret@host", "redis://", "redis:secret"])
def test_a_redis_address_that_is_none_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("MOVMO_REDIS_URL", address)
    with pytest.raises(env.Misconfigured, match="MOVMO_REDIS_URL") as told:
        env.redis()
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "address", ["127.0.0.1:5672", "http://:secret@host", "amqp://", "filesystem://", "sqs://a:secret@"]
)
def test_a_broker_address_that_is_none_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("MOVMO_BROKER_URL", address)
    with pytest.raises(env.Misconfigured, match="MOVMO_BROKER_URL") as told:
        env.broker()
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "command", [("manage.py", "check"), ("-m", "uvicorn", "movmo.asgi:application", "--port", "0")]
)
def test_a_start_that_cannot_be_says_why_in_one_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    told = _run(tmp_path, *command, MOVMO_ORIGIN="")
    assert (told.returncode, told.stderr.strip()) == (1, "MOVMO_ORIGIN must be set in production")


def test_production_passes_the_deployment_check_without_a_warning(tmp_path: Path) -> None:
    told = _run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert told.returncode == 0, told.stderr
    assert "WARNING" not in told.stdout + told.stderr


def test_production_promises_https(tmp_path: Path) -> None:
    asked = "from movmo import settings as s; print(s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS)"
    assert _run(tmp_path, "-c", asked).stdout.split() == ["31536000", "False"]
    assert _run(tmp_path, "-c", asked, MOVMO_ENV="development").stdout.split() == ["0", "False"]
