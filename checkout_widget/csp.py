"""What the pages of the checkout may load, and who may hold them in a frame."""

from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.conf import settings
from django.http.response import HttpResponseBase

Policy = dict[str, list[Any]]


def give(response: HttpResponseBase, policy: Policy) -> None:
    """For this one answer; what the policy does not name stays as all pages have it."""
    response._csp_replace = policy  # type: ignore[attr-defined]


def of_frame(origin: str) -> Policy:
    """The frame's own page: scripts and styles by nonce, the vault's fields in frames, and `origin` around it. The
    vault's script is loaded by one of ours, which hands the page's nonce on.
    """
    return {
        "default-src": [NONE],
        "script-src": [NONCE],
        "style-src": [NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [NONE],
        "connect-src": [SELF],
        "frame-src": [SELF, *vaults()],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [origin],
    }


def of_ahead() -> Policy:
    """The page without anything on it, which any page may hold: what it fetches is what everybody gets."""
    return {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "base-uri": [NONE],
        "form-action": [NONE],
        "frame-ancestors": ["*"],
    }


def vaults() -> list[str]:
    """Where the fields for cards come from."""
    parts = [urlsplit(vault["url"]) for vault in settings.MOVMO_VAULTS]
    return [f"{one.scheme}://{one.netloc}" for one in parts]
