"""Signatures of Standard Webhooks (standardwebhooks.com), version 1: HMAC-SHA256 over `id.timestamp.body`."""

import base64
import hmac
import os
from collections.abc import Iterable

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> bytes:
    return os.urandom(SECRET_BYTES)


def as_text(secret: bytes) -> str:
    """As partners are shown it, and as their libraries take it."""
    return PREFIX + base64.b64encode(secret).decode()


def headers(*, id_: str, timestamp: int, body: bytes, secrets: Iterable[bytes]) -> dict[str, str]:
    """`timestamp` in seconds since 1970. One signature for each secret: a receiver needs one that fits."""
    signed = f"{id_}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
