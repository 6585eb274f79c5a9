"""Which Movmo: an origin, under which everything is found. Tokens go there and nowhere else."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from mcp_server.bridge.trouble import AddressRefused

MCP_PATH = "/v1/mcp"
DEFAULT_PORTS = {"https": 443, "http": 80}
_SCOPE = re.compile(r"[\w.:/-]+", re.ASCII)
_HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+")


@dataclass(frozen=True, slots=True)
class Server:
    origin: str

    @property
    def endpoint(self) -> str:
        return self.origin + MCP_PATH

    def login(self, scopes: Iterable[str] = ()) -> str:
        """The command to type. Scopes are the server's words: none of them may mean anything to a shell."""
        plain = " ".join(sorted(scope for scope in scopes if _SCOPE.fullmatch(scope)))
        return f"movmo-mcp login --server {self.origin}" + (f' --scope "{plain}"' if plain else "")


def parse(text: str) -> Server:
    """`https://movmo.example`, with or without the path of the MCP door. Raises AddressRefused."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError as failure:
        raise _refused(text, str(failure)) from None
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise _refused(text, "it does not begin with https:// and a host")
    if parts.scheme == "http" and not _is_loopback(host):
        raise _refused(text, "http is for this computer only: tokens would travel in the open")
    if _more_than_a_place(parts) or not _HOST.fullmatch(host):
        raise _refused(text, f"an address is a host, a port where needed, and at most the path {MCP_PATH}")
    shown = f"[{host}]" if ":" in host else host
    suffix = "" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return Server(f"{parts.scheme}://{shown}{suffix}")


def _more_than_a_place(parts: SplitResult) -> bool:
    return "@" in parts.netloc or bool(parts.query or parts.fragment) or parts.path.rstrip("/") not in ("", MCP_PATH)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refused(text: str, reason: str) -> AddressRefused:
    shown = text.rpartition("@")[2]  # what stands before it may be a password
    return AddressRefused(f"{shown!r} is no address of a Movmo server: {reason}.", "Write https://movmo.example.")
