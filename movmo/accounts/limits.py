"""What one address or one account may try in an hour, for doors that are open to anybody. GCRA, in this process."""

import math
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.http import HttpRequest
from throttled import MemoryStore, Throttled, rate_limiter

STORE = MemoryStore(options={"MAX_SIZE": 100_000})
LONGEST_NAME = 254
# Whoever has IPv6 has at least a /64 of it, and with it as many addresses as they like.
IPV6_PREFIX = 64


@cache
def _limiter(an_hour: int, at_once: int) -> Throttled:
    return Throttled(using="gcra", quota=rate_limiter.per_hour(an_hour, burst=at_once), store=STORE)


def wait(what: str, who: str, *, an_hour: int) -> int:
    """Take one try. 0 if there was one, else the seconds until the next. Half an hour's worth may come at once."""
    outcome = _limiter(an_hour, max(1, an_hour // 2)).limit(f"{what}:{who[:LONGEST_NAME]}")
    return max(1, math.ceil(outcome.state.retry_after)) if outcome.limited else 0


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
