"""What people are shown of an application. It may call itself anything, so nothing it says is shown as it came."""

from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

from django.conf import settings

from movmo.kit.text import one_line
from partners.oauth.models import LOOPBACK_HOSTS, Application

NAMELESS = "An application without a name"


def name_of(application: Application) -> str:
    """One line of characters that can be seen. What would turn the text around it, or hide in it, is left out."""
    return one_line(application.name) or NAMELESS


def host_of(address: str) -> str:
    """The host of an address in ASCII: a letter of another alphabet must not pass for one of ours.

    The standard library still turns some letters into others, ß into ss, where browsers do not: what does not come
    back as it was is shown letter by letter.
    """
    host = urlsplit(address).hostname or ""
    with suppress(UnicodeError):
        encoded = host.encode("idna")
        if encoded.decode("idna") == host:
            return encoded.decode()
    return host.encode("ascii", "backslashreplace").decode()


def home_of(application: Application, target: str | None = None) -> str:
    """The host behind the application, empty when it is a program on somebody's own device.

    A client id that is an address was fetched from there. Otherwise all that is known is where answers go: the one
    that is being asked for to `target`, others to every host of the application. It may have named any beside its own,
    so none of them speaks for it alone.
    """
    if application.client_id.startswith("https://"):
        return host_of(application.client_id)
    targets = application.redirect_uris.split() if target is None else [target]
    return ", ".join(dict.fromkeys(host_of(each) for each in targets if not is_loopback(each)))


def is_loopback(address: str) -> bool:
    return urlsplit(address).hostname in LOOPBACK_HOSTS


def in_words(scopes: Iterable[str]) -> list[str]:
    """What the scopes mean, in the order of the list of all. One that no longer exists says nothing."""
    held = set(scopes)
    return [words for scope, words in settings.OAUTH2_PROVIDER["SCOPES"].items() if scope in held]
