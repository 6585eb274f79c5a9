"""Web origins as browsers write them (RFC 6454): scheme, host, and a port where it is not the scheme's own."""

import re
from ipaddress import IPv4Address
from urllib.parse import urlsplit

from django.conf import settings

LONGEST = 200
LONGEST_ADDRESS = 2_000
_PLAIN = re.compile(r"[!-\[\]-~]+")
_HOST = re.compile(r"(?!-)[a-z0-9_-]+(\.(?!-)[a-z0-9_-]+)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
OWN_PORTS = {"https": 443, "http": 80}


def of(address: str) -> str:
    """The origin of an address, canonical. Raises ValueError with a sentence for whoever wrote it.

    Plain http is for a developer's own machine, and never in production.
    """
    if len(address) > LONGEST_ADDRESS or not _PLAIN.fullmatch(address):
        raise ValueError("It holds only plain ASCII: no spaces, no backslashes, anything else percent-encoded.")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ValueError("It is not an address that browsers agree on.") from None
    host = (parts.hostname or "").lower()
    if parts.scheme not in OWN_PORTS or not host:
        raise ValueError("It begins with https:// and a host name.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("It holds no user name and no password.")
    if not _HOST.fullmatch(host):
        raise ValueError("Its host is a whole name, in ASCII (punycode).")
    if not _is_read_as_written(host):
        raise ValueError("Its host is a whole name, or four numbers as in 192.0.2.1.")
    if parts.scheme == "http" and (settings.PRODUCTION or not is_of_this_machine(host)):
        raise ValueError("It begins with https://; http is for localhost while you develop.")
    shown = "" if port in (None, OWN_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def _is_read_as_written(host: str) -> bool:
    """A host that ends in a number is an IPv4 address to browsers, however it is written (WHATWG URL 3.5)."""
    if not _NUMBER.fullmatch(host.rpartition(".")[2]):
        return True
    try:
        return str(IPv4Address(host)) == host
    except ValueError:
        return False


def is_of_this_machine(host: str) -> bool:
    return host in ("localhost", "127.0.0.1") or host.endswith(".localhost")
