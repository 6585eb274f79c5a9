"""Typed readers for the environment. Settings come from here and from nowhere else."""

import base64
import binascii
import hmac
import json
import os
import re
import secrets
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from movmo import weak_secrets
from movmo.kit.rsa import new_rsa_key
from movmo.weak_secrets import Misconfigured

__all__ = ["Misconfigured"]

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK = "http://127.0.0.1:8000"
# What has no default in production: each decides who reaches the server or who can read what it keeps.
REQUIRED = (
    "MOVMO_ORIGIN",
    "MOVMO_ALLOWED_HOSTS",
    "DATABASE_URL",
    "MOVMO_REDIS_URL",
    "MOVMO_BROKER_URL",
    "MOVMO_SECRET_KEY",
    "MOVMO_ENCRYPTION_KEYS",
    "MOVMO_OAUTH_RSA_KEY",
)
# What may come from a file that `<name>_FILE` names.
SECRETS = (
    "MOVMO_SPREEDLY_ACCESS_SECRET",
    "DATABASE_URL",
    "MOVMO_REDIS_URL",
    "MOVMO_BROKER_URL",
    "MOVMO_SECRET_KEY",
    "MOVMO_ENCRYPTION_KEYS",
    "MOVMO_OAUTH_RSA_KEY",
    "MOVMO_SMTP_PASSWORD",
    "MOVMO_EXPORTS_S3_SECRET_ACCESS_KEY",
)
RSA_BITS = 2048
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----.+?-----END [A-Z ]+-----", re.DOTALL)


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


def webhooks_to_loopback() -> bool:
    """Whether webhook endpoints at http://127.0.0.1:port are taken, for trials on one machine."""
    wanted = flag("MOVMO_WEBHOOKS_TO_LOOPBACK", False)
    if wanted and is_production():
        raise Misconfigured(
            "MOVMO_WEBHOOKS_TO_LOOPBACK must not be set in production: it leads partners to our own ports"
        )
    return wanted


def shop_key() -> str:
    """The API key of the demo's shop, with which it calls us as a partner does; empty: there is no shop."""
    key = text("MOVMO_SHOP_KEY", "")
    if key and is_production():
        raise Misconfigured("MOVMO_SHOP_KEY must not be set in production: the demo's shop sells nothing real")
    return key


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
    missing = [name for name in REQUIRED if not (text(name, "").strip() or secret_file(name))]
    if missing and is_production():
        raise Misconfigured(f"{', '.join(missing)} must be set in production")


def origin() -> str:
    """Scheme and authority and nothing else: every public address is this and a path."""
    return _origin("MOVMO_ORIGIN", text("MOVMO_ORIGIN", "") or LOOPBACK)


def hosted_origins() -> list[str]:
    """Movmo's own pages on other hosts, which may call the API from a browser. No partner's are among them."""
    return [_origin("MOVMO_HOSTED_ORIGINS", value) for value in names("MOVMO_HOSTED_ORIGINS", [])]


def _origin(name: str, value: str) -> str:
    if not re.fullmatch(r"https?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?", value, re.ASCII):
        raise Misconfigured(f"{name} must be like https://api.example.com, without a path, not {value!r}")
    if is_production() and not value.startswith("https://"):
        raise Misconfigured(f"{name} must begin with https:// in production, not {value!r}")
    return value


def allowed_hosts() -> list[str]:
    """The hosts this server answers to; in production those that are named, and not the test client's."""
    hosts = names("MOVMO_ALLOWED_HOSTS", [])
    if not is_production():
        return hosts or ["127.0.0.1", "localhost", "[::1]", "partner.localhost", "testserver"]
    if not (hosts := [host for host in hosts if host != "testserver"]):
        raise Misconfigured("MOVMO_ALLOWED_HOSTS must name a host in production")
    if "*" in hosts:
        raise Misconfigured(
            "MOVMO_ALLOWED_HOSTS must name its hosts in production: * lets other sites' names lead here"
        )
    return hosts


def var_dir() -> Path:
    """Where the embedded default keeps its database, mailbox and generated secrets."""
    path = Path(text("MOVMO_VAR", str(BASE_DIR / "var")))
    path.mkdir(parents=True, exist_ok=True)
    return path


def database() -> dict[str, Any]:
    """Django's DATABASES entry from DATABASE_URL: `sqlite:///path` or `postgresql://user:password@host:port/name`."""
    url = confidential("DATABASE_URL") or f"sqlite:///{var_dir() / 'movmo.sqlite3'}"
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError:  # not shown: it holds a password
        raise Misconfigured("DATABASE_URL is no address; use postgresql://user:password@host:port/name") from None
    if parts.scheme == "sqlite":
        return _sqlite(unquote(parts.path[1:]))
    if parts.scheme in ("postgresql", "postgres"):
        if is_production():
            weak_secrets.refuse_password("DATABASE_URL", unquote(parts.password or ""))
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


def redis() -> str:
    """`MOVMO_REDIS_URL`, or nothing: limits are then each process's own, which is right for one."""
    value = confidential("MOVMO_REDIS_URL")
    if value and not re.match(r"(rediss?|unix)://.", value):  # not shown: it may hold a password
        raise Misconfigured(
            "MOVMO_REDIS_URL is no address; use redis://user:password@host:6379/0, rediss:// or unix://"
        )
    if is_production():
        weak_secrets.refuse_password("MOVMO_REDIS_URL", unquote(urlsplit(value).password or ""))
    return value


def broker() -> str:
    """`MOVMO_BROKER_URL`, by which workers are told that there is work, or nothing: by files, on one machine."""
    value = confidential("MOVMO_BROKER_URL")
    if value and not re.match(r"(rediss?|amqps?)://.", value):  # not shown: it may hold a password
        raise Misconfigured(
            "MOVMO_BROKER_URL is no address; use redis://user:password@host:6379/1 or amqp://user:password@host:5672//"
        )
    if is_production():
        weak_secrets.refuse_password("MOVMO_BROKER_URL", unquote(urlsplit(value).password or ""))
    return value


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
    """A secret from the environment, where an empty one is none, or from the file that `<name>_FILE` names; in
    development generated once and kept in a file only the owner can read."""
    if value := confidential(name):
        return value
    if is_production():
        raise Misconfigured(f"{name} must be set in production")
    return _generated()[name]


def vaults() -> list[dict[str, str]]:
    """The card vaults, the one for new cards first: Spreedly if configured, the sandbox vault outside production."""
    found = [] if is_production() else [{"name": "sandbox", "receiver": "sandbox-airline", **sandbox_vault()}]
    if environment_key := text("MOVMO_SPREEDLY_ENVIRONMENT_KEY", ""):
        spreedly = {
            "name": "spreedly",
            "url": text("MOVMO_SPREEDLY_URL", "https://core.spreedly.com"),
            "environment_key": environment_key,
            "access_secret": confidential("MOVMO_SPREEDLY_ACCESS_SECRET"),
            "receiver": text("MOVMO_SPREEDLY_RECEIVER", ""),
        }
        if missing := [name for name in ("access_secret", "receiver") if not spreedly[name]]:
            raise Misconfigured(f"MOVMO_SPREEDLY_{missing[0].upper()} must be set beside the environment key")
        found.insert(0, spreedly)
    return found


def sandbox_vault() -> dict[str, str]:
    """Where the sandbox vault is, and what opens it: the same for the vault's process and for Movmo's."""
    return {
        "url": text("MOVMO_SANDBOX_VAULT", "") or _beside(origin()),
        "environment_key": "sandbox-environment",
        "access_secret": hmac.digest(secret("MOVMO_SECRET_KEY").encode(), b"sandbox vault", "sha256").hex(),
    }


def _beside(address: str) -> str:
    """The next port of the same host: another origin."""
    parts = urlsplit(address)
    return f"http://{parts.hostname}:{(parts.port or 80) + 1}"


def secret_key() -> str:
    """`MOVMO_SECRET_KEY`, which signs sessions and forms."""
    value = secret("MOVMO_SECRET_KEY")
    if is_production():
        weak_secrets.refuse_text("MOVMO_SECRET_KEY", value)
        weak_secrets.refuse_generated("MOVMO_SECRET_KEY", [value], _kept("MOVMO_SECRET_KEY"))
    return value


def confidential(name: str) -> str:
    """What may be secret, from the environment or from the file that `<name>_FILE` names; empty if from neither."""
    value = text(name, "").strip()
    path = secret_file(name)
    return value or (_read(name, path) if path else "")


def secret_file(name: str) -> Path | None:
    """Where a secret is kept that does not come from the environment itself."""
    path = text(f"{name}_FILE", "").strip() if name in SECRETS else ""
    return Path(path) if path else None


def files_others_can_read() -> list[str]:
    """The variables whose files everybody on the machine can read: usual in a container, a mistake elsewhere."""
    kept = ((name, secret_file(name)) for name in SECRETS)
    return [f"{name}_FILE" for name, path in kept if path and path.stat().st_mode & stat.S_IROTH]


def _read(name: str, path: Path) -> str:
    try:
        value = path.read_text().strip()
        is_others_too = bool(path.stat().st_mode & stat.S_IWOTH)
    except (OSError, UnicodeDecodeError):
        value, is_others_too = "", False
    if is_others_too and is_production():
        raise Misconfigured(f"{name}_FILE must not be writable by everybody: whoever changes it signs as this server")
    if not value:
        raise Misconfigured(f"{name}_FILE must name a file that can be read and holds the secret")
    return value


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
        if int(key_id) in ring:
            raise Misconfigured(
                f"MOVMO_ENCRYPTION_KEYS must give each key an id of its own; {int(key_id)} is there twice"
            )
        ring[int(key_id)] = key
    if is_production():
        for key in ring.values():
            weak_secrets.refuse_key("MOVMO_ENCRYPTION_KEYS", key)
        entries = [entry.partition(":")[2] for entry in secret("MOVMO_ENCRYPTION_KEYS").split(",")]
        weak_secrets.refuse_generated("MOVMO_ENCRYPTION_KEYS", entries, _kept("MOVMO_ENCRYPTION_KEYS"))
    return ring


def signing_keys() -> list[str]:
    """`MOVMO_OAUTH_RSA_KEY`, or its file: one or more PEM keys one after the other, and anything between them. Line
    breaks may be written as \\n, for where a variable is one line."""
    keys = _PEM.findall(secret("MOVMO_OAUTH_RSA_KEY").replace("\\n", "\n"))
    if not keys or not all(_is_rsa(key) for key in keys):
        raise Misconfigured(
            "MOVMO_OAUTH_RSA_KEY must hold PEM private RSA keys of 2048 bits or more, without a passphrase"
        )
    if is_production():
        weak_secrets.refuse_generated("MOVMO_OAUTH_RSA_KEY", keys, _kept("MOVMO_OAUTH_RSA_KEY"))
    return keys


def _is_rsa(pem: str) -> bool:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
        return isinstance(key, rsa.RSAPrivateKey) and key.key_size >= RSA_BITS
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def signing_key_file() -> Path | None:
    """Where the signing keys are kept: in a file of their own, or in development's; None if in the environment."""
    name = "MOVMO_OAUTH_RSA_KEY"
    return None if text(name, "").strip() else secret_file(name) or generated_secrets()


def generated_secrets() -> Path:
    """Where development keeps the secrets it made."""
    return var_dir() / "secrets.json"


def _kept(name: str) -> str:
    """What development made and kept here, if it ever did."""
    try:
        return str(json.loads(generated_secrets().read_text()).get(name, ""))
    except (OSError, ValueError):
        return ""


@cache
def _generated() -> dict[str, str]:
    path = generated_secrets()
    if not path.exists():
        made = {
            "MOVMO_SECRET_KEY": secrets.token_urlsafe(50),
            "MOVMO_ENCRYPTION_KEYS": "1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "MOVMO_OAUTH_RSA_KEY": new_rsa_key(),
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
