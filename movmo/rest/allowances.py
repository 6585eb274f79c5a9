"""What is left to the caller, as the headers of draft-ietf-httpapi-ratelimit-headers-10 (structured fields, RFC 9651).

`RateLimit-Policy` tells every allowance that the call is held to: `q` in a window of `w` seconds. `RateLimit` tells
what remains, `r`, and in how many seconds there is more, `t`. A refused call hears of the allowances that refused it
alone, so that no `t` is later than its `Retry-After`.
"""

from movmo.kit.limiter.gcra import Outcome, Standing


def headers(outcome: Outcome | None) -> dict[str, str]:
    """None, and nothing, for a call that is held to no allowance."""
    standings = () if outcome is None else outcome.standings
    if not standings:
        return {}
    to_mind = [one for one in standings if one.refused] or standings
    return {"RateLimit-Policy": ", ".join(map(_policy, standings)), "RateLimit": ", ".join(map(_left, to_mind))}


def _policy(one: Standing) -> str:
    return f'"{one.name}";q={one.quota};w={one.window}'


def _left(one: Standing) -> str:
    return f'"{one.name}";r={one.remaining};t={one.more_in}'
