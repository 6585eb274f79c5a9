"""Typed readers for the environment. Settings come from here and from nowhere else."""

import base64
import binascii
import json
import os
import re
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK = "http://127.0.0.1:8000"
# What has no default in production: each decides who reaches the server or who can read what it keeps.
REQUIRED = (
    "MOVMO_ORIGIN",
    "MOVMO_ALLOWED_HOSTS",
    "DATABASE_URL",
    "MOVMO_SECRET_KEY",
    "MOVMO_ENCRYPTION_KEYS",
    "MOVMO_OAUTH_RSA_KEY",
)
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----.+?-----END [A-Z ]+-----", re.DOTALL)


class Misconfigured(Exception):
    """The environment says something that cannot be run with."""


def text(name: str, default: str) -> str:
    return os.environ.get(name, default)


def number(name: str, default: int) -> int:
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        return int(value)
    except ValueError:
        raise Misconfigured(f"{name} must be a whole number, not {value!r}") from None


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() not in ("0", "1", "false", "true"):
        raise Misconfigured(f"{name} must be 0 or 1, not {value!r}")
    return value.lower() in ("1", "true")


def names(name: str, default: list[str]) -> list[str]:
    """A comma-separated list."""
    value = os.environ.get(name)
    return default if value is None else [part.strip() for part in value.split(",") if part.strip()]


def is_production() -> bool:
    """`MOVMO_ENV` is `development`, the default, or `production`; a typo must not open the mailbox to the world."""
    name = text("MOVMO_ENV", "development")
    if name not in ("development", "production"):
        raise Misconfigured(f"MOVMO_ENV must be development or production, not {name!r}")
    return name == "production"


def require() -> None:
    """In production, name everything that is missing, at once."""
    missing = [name for name in REQUIRED if not text(name, "").strip()]
    if missing and is_production():
        raise Misconfigured(f"{', '.join(missing)} must be set in production")


def origin() -> str:
    """Scheme and authority and nothing else: every public address is this and a path."""
    value = text("MOVMO_ORIGIN", "") or LOOPBACK
    if not re.fullmatch(r"https?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?", value, re.ASCII):
        raise Misconfigured(f"MOVMO_ORIGIN must be like https://api.example.com, without a path, not {value!r}")
    if is_production() and not value.startswith("https://"):
        raise Misconfigured(f"MOVMO_ORIGIN must begin with https:// in production, not {value!r}")
    return value


def allowed_hosts() -> list[str]:
    """The hosts this server answers to; in production those that are named, and not the test client's."""
    hosts = names("MOVMO_ALLOWED_HOSTS", [])
    if not is_production():
        return hosts or ["127.0.0.1", "localhost", "[::1]", "testserver"]
    if not (hosts := [host for host in hosts if host != "testserver"]):
        raise Misconfigured("MOVMO_ALLOWED_HOSTS must name a host in production")
    return hosts


def var_dir() -> Path:
    """Where the embedded default keeps its database, mailbox and generated secrets."""
    path = Path(text("MOVMO_VAR", str(BASE_DIR / "var")))
    path.mkdir(parents=True, exist_ok=True)
    return path


def database() -> dict[str, Any]:
    """Django's DATABASES entry from DATABASE_URL: `sqlite:///path` or `postgresql://user:password@host:port/name`."""
    url = text("DATABASE_URL", "") or f"sqlite:///{var_dir() / 'movmo.sqlite3'}"
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError:  # not shown: it holds a password
        raise Misconfigured("DATABASE_URL is no address; use postgresql://user:password@host:port/name") from None
    if parts.scheme == "sqlite":
        return _sqlite(unquote(parts.path[1:]))
    if parts.scheme in ("postgresql", "postgres"):
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or "postgres"),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "127.0.0.1",
            "PORT": port,
            "CONN_MAX_AGE": 600,
            "OPTIONS": {
                "options": "-c lock_timeout=3000",
                # Statements that come again are planned once, the two look-ups of every call among them.
                "server_side_binding": True,
                "prepare_threshold": 2,
            },
        }
    raise Misconfigured(f"DATABASE_URL has the scheme {parts.scheme!r}; use sqlite or postgresql")


def _sqlite(path: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": 600,
        "OPTIONS": {
            # IMMEDIATE takes the write lock at BEGIN: two writers queue instead of failing half-way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
        # A file, because an in-memory database has no locks to test.
        "TEST": {"NAME": text("MOVMO_TEST_SQLITE", str(var_dir() / f"test-{os.getpid()}.sqlite3"))},
    }


@cache
def secret(name: str) -> str:
    """A secret from the environment, where an empty one is none; in development generated once and kept in a file
    only the owner can read."""
    if value := text(name, "").strip():
        return value
    if is_production():
        raise Misconfigured(f"{name} must be set in production")
    return _generated()[name]


def encryption_keys() -> dict[int, bytes]:
    """The key ring: `MOVMO_ENCRYPTION_KEYS` is `id:base64,id:base64`, 32 bytes each; the highest id encrypts."""
    malformed = Misconfigured("MOVMO_ENCRYPTION_KEYS must be id:base64 pairs of 32-byte keys, ids 0 to 255")
    ring: dict[int, bytes] = {}
    for entry in secret("MOVMO_ENCRYPTION_KEYS").split(","):
        key_id, _, encoded = entry.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise malformed from None
        if not re.fullmatch("[0-9]{1,3}", key_id) or int(key_id) > 255 or len(key) != 32:
            raise malformed
        ring[int(key_id)] = key
    return ring


def signing_keys() -> list[str]:
    """`MOVMO_OAUTH_RSA_KEY`: one or more PEM keys one after the other. Line breaks may be written as \\n, for where a
    variable is one line."""
    keys = _PEM.findall(secret("MOVMO_OAUTH_RSA_KEY").replace("\\n", "\n"))
    if not keys or not all(_is_rsa(key) for key in keys):
        raise Misconfigured("MOVMO_OAUTH_RSA_KEY must hold PEM private RSA keys without a passphrase")
    return keys


def _is_rsa(pem: str) -> bool:
    try:
        return isinstance(serialization.load_pem_private_key(pem.encode(), password=None), rsa.RSAPrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


@cache
def _generated() -> dict[str, str]:
    path = var_dir() / "secrets.json"
    if not path.exists():
        made = {
            "MOVMO_SECRET_KEY": secrets.token_urlsafe(50),
            "MOVMO_ENCRYPTION_KEYS": "1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "MOVMO_OAUTH_RSA_KEY": _rsa_key(),
        }
        # Written aside and linked into place: of two processes that start at once, one wins whole.
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(made))
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
