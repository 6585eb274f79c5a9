"""Production starts with secrets of its own or not at all, and says in one sentence which setting to mend."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from movmo import env, weak_secrets
from tests.test_env import KEY, KEY_BYTES, PEM, PRODUCTION

DOORS = {
    "manage.py": ("manage.py", "check"),
    "asgi": ("-m", "uvicorn", "movmo.asgi:application", "--port", "0"),
    "wsgi": ("-c", "import movmo.wsgi"),
    "worker": ("-m", "celery", "-A", "movmo", "worker"),
}


def run(var: Path, *command: str, **changes: str | None) -> "subprocess.CompletedProcess[str]":
    named = {name: value for name, value in os.environ.items() if not name.startswith(("MOVMO_", "DATABASE_URL"))}
    named |= PRODUCTION | {"DATABASE_URL": f"sqlite:///{var}/movmo.sqlite3", "MOVMO_VAR": str(var)}
    environment = {name: value for name, value in (named | changes).items() if value is not None}
    return subprocess.run(
        [sys.executable, *command], env=environment, cwd=env.BASE_DIR, capture_output=True, text=True, timeout=60
    )


def small_rsa() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


@pytest.mark.parametrize("door", DOORS)
def test_no_door_opens_with_a_placeholder(tmp_path: Path, door: str) -> None:
    told = run(tmp_path, *DOORS[door], MOVMO_SECRET_KEY="django-insecure-" + "k3J9xQ7mZ2vL8pR4tY6w" * 3)
    assert told.returncode == 1
    assert told.stderr.strip() == (
        "MOVMO_SECRET_KEY must be random in production, not a placeholder; make one: openssl rand -hex 32"
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("MOVMO_SECRET_KEY", "kJ8fQ2", "50 characters or more"),
        ("MOVMO_SECRET_KEY", "a" * 64, "must be random"),
        ("MOVMO_SECRET_KEY", "0123456789abcdef" * 4, "must be random"),
        ("MOVMO_ENCRYPTION_KEYS", "1:" + base64.b64encode(bytes(32)).decode(), "must hold random bytes"),
        ("MOVMO_ENCRYPTION_KEYS", "1:" + base64.b64encode(bytes(range(32))).decode(), "must hold random bytes"),
        ("MOVMO_ENCRYPTION_KEYS", "1:" + base64.b64encode(b"this is a text, it is not a key.").decode(), "random"),
        ("MOVMO_ENCRYPTION_KEYS", f"2:{KEY},1:" + base64.b64encode(bytes(32)).decode(), "must hold random bytes"),
        ("MOVMO_OAUTH_RSA_KEY", small_rsa(), "2048 bits or more"),
        ("DATABASE_URL", "postgresql://movmo:postgres@127.0.0.1:1/movmo", "well-known password"),
        ("MOVMO_BROKER_URL", "amqp://movmo:guest@127.0.0.1:1//", "well-known password"),
    ],
)
def test_what_one_could_guess_is_refused_and_not_shown(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    told = run(tmp_path, "-c", "import movmo.wsgi", **{name: value})
    assert told.returncode == 1
    assert told.stderr.startswith(name)
    assert sentence in told.stderr
    assert told.stderr.count("\n") == 1
    assert value.split(":", 1)[-1] not in told.stderr


@pytest.mark.parametrize("name", ["MOVMO_SECRET_KEY", "MOVMO_ENCRYPTION_KEYS", "MOVMO_OAUTH_RSA_KEY"])
def test_what_development_made_for_itself_is_refused(tmp_path: Path, name: str) -> None:
    kept = {
        "MOVMO_SECRET_KEY": hashlib.sha512(b"development").hexdigest(),
        "MOVMO_ENCRYPTION_KEYS": f"1:{KEY}",
        "MOVMO_OAUTH_RSA_KEY": PEM,
    }
    (tmp_path / "secrets.json").write_text(json.dumps({name: kept[name]}))
    copied = kept[name].replace("1:", "7:") if name == "MOVMO_ENCRYPTION_KEYS" else kept[name]
    told = run(tmp_path, "manage.py", "check", **{name: copied})
    assert told.stderr.strip() == (f"{name} must not be the one that development made in secrets.json; make a new one")


def test_random_secrets_are_never_refused() -> None:
    for number in range(2_000):
        made = hashlib.sha512(str(number).encode()).digest()
        weak_secrets.refuse_text("X", made[:32].hex())
        weak_secrets.refuse_text("X", base64.urlsafe_b64encode(made).decode())
        weak_secrets.refuse_key("X", made[:32])


def test_every_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secrets = {
        "DATABASE_URL": "postgresql://movmo:k3J9xQ7mZ2vL8pR4@db.example:5432/movmo",
        "MOVMO_REDIS_URL": "redis://:a-password@cache.example:6379/0",
        "MOVMO_BROKER_URL": "amqp://movmo:a-password@broker.example:5672//",
        "MOVMO_SECRET_KEY": PRODUCTION["MOVMO_SECRET_KEY"],
        "MOVMO_ENCRYPTION_KEYS": f"3:{KEY}",
        "MOVMO_OAUTH_RSA_KEY": PEM,
        "MOVMO_SMTP_PASSWORD": "smtp-password",
        "MOVMO_SPREEDLY_ACCESS_SECRET": "spreedly-secret",
        "MOVMO_EXPORTS_S3_SECRET_ACCESS_KEY": "s3-secret",
    }
    assert set(secrets) == set(env.SECRETS)
    changes: dict[str, str | None] = dict.fromkeys(secrets)
    for name, value in secrets.items():
        file = tmp_path / name.lower()
        file.touch(mode=0o600)
        file.write_text(value + "\n")
        changes[f"{name}_FILE"] = str(file)
    asked = (
        "from movmo import settings as s; import json; print(json.dumps([s.DATABASES['default']['PASSWORD'],"
        "s.MOVMO_REDIS_URL, s.MOVMO_BROKER_URL, s.SECRET_KEY, s.MOVMO_ENCRYPTION_KEYS[3].hex(),"
        "s.OAUTH2_PROVIDER['OIDC_RSA_PRIVATE_KEY'], s.EMAIL_HOST_PASSWORD, s.MOVMO_VAULTS[0]['access_secret'],"
        "s.STORAGES['exports']['OPTIONS']['secret_key']]))"
    )
    spreedly = {"MOVMO_SPREEDLY_ENVIRONMENT_KEY": "environment", "MOVMO_SPREEDLY_RECEIVER": "receiver"}
    bucket = {"MOVMO_EXPORTS_S3_BUCKET": "exports", "MOVMO_EXPORTS_S3_ACCESS_KEY_ID": "key-id"}
    told = run(tmp_path, "-c", asked, **changes, **spreedly, **bucket)
    assert json.loads(told.stdout) == [
        "k3J9xQ7mZ2vL8pR4",
        secrets["MOVMO_REDIS_URL"],
        secrets["MOVMO_BROKER_URL"],
        secrets["MOVMO_SECRET_KEY"],
        KEY_BYTES.hex(),
        PEM.strip(),
        "smtp-password",
        "spreedly-secret",
        "s3-secret",
    ]
    assert "readable_by_everybody" not in told.stdout + told.stderr


def test_only_secrets_may_come_from_a_file(tmp_path: Path) -> None:
    told = run(tmp_path, "-c", "import movmo.wsgi", MOVMO_ORIGIN=None, MOVMO_ORIGIN_FILE="/etc/hostname")
    assert told.stderr.strip() == "MOVMO_ORIGIN must be set in production"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    told = run(tmp_path, "-c", "import movmo.wsgi", MOVMO_SECRET_KEY=None, MOVMO_SECRET_KEY_FILE=f"{tmp_path}/none")
    assert told.stderr.strip() == "MOVMO_SECRET_KEY_FILE must name a file that can be read and holds the secret"


def test_a_file_that_everybody_reads_is_warned_of_and_one_that_everybody_writes_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(PRODUCTION["MOVMO_SECRET_KEY"])
    file.chmod(0o644)
    changes = {"MOVMO_SECRET_KEY": None, "MOVMO_SECRET_KEY_FILE": str(file)}
    told = run(tmp_path, "-c", "import movmo.wsgi", **changes)
    assert told.returncode == 0, told.stderr
    assert "secrets.readable_by_everybody" in told.stdout + told.stderr
    assert PRODUCTION["MOVMO_SECRET_KEY"] not in told.stdout + told.stderr
    file.chmod(0o666)
    told = run(tmp_path, "-c", "import movmo.wsgi", **changes)
    assert (told.returncode, told.stderr.split(" must")[0]) == (1, "MOVMO_SECRET_KEY_FILE")


def test_no_check_is_silenced_without_a_reason() -> None:
    lines = (env.BASE_DIR / "movmo" / "settings.py").read_text().split("SILENCED_SYSTEM_CHECKS = [")[1].split("]")[0]
    assert all("  # " in line for line in lines.strip().splitlines())
