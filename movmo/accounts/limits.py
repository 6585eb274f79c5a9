"""What one address or one account may try in an hour, for doors that are open to anybody.

Counted where the limits of calls are: over all processes, where there is a Redis.
"""

from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from django.http import HttpRequest

from movmo.kit.limiter.gcra import Allowance
from movmo.operations import limits

HOUR = 3600
# Whoever has IPv6 has at least a /64 of it, and with it as many addresses as they like.
IPV6_PREFIX = 64
UNKNOWN_ADDRESS = "::"


def wait(what: str, who: str, *, an_hour: int) -> int:
    """Take one try. 0 if there was one, else the seconds until the next. Half an hour's worth may come at once."""
    if an_hour < 1:
        return HOUR
    # A digest, since `who` is as long as its sender likes and often an e-mail address, which is nobody else's business.
    key = f"tries:{what}:{sha256(who.encode(errors='replace')).hexdigest()}"
    outcome = limits.store().take([Allowance(what, key, an_hour, max(1, an_hour // 2), period=HOUR)])
    return 0 if outcome.refusing is None else outcome.refusing[1]


def network_of(request: HttpRequest) -> str:
    """Where a request comes from. A proxy in front is the server's business: it sets REMOTE_ADDR."""
    raw = str(request.META.get("REMOTE_ADDR", ""))
    try:
        address = ip_address(raw)
    except ValueError:
        return raw
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, IPV6_PREFIX), strict=False))
    return raw
