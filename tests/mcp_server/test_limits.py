"""Limits over MCP: the traveler's own, told in the refusal, for a tool's result has no headers."""

from typing import Any

import pytest

from mcp_server.errors import envelope
from movmo.kit.errors import DomainError
from movmo.operations import limits
from movmo.operations.context import Door
from tests.operations import toys


def test_an_agent_that_is_too_fast_is_told_how_long_to_wait(settings: Any) -> None:
    settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST = 1, 2
    ana_by_scout, dear = toys.caller(Door.MCP), toys.operation(toys.write, cost=2)
    limits.spend(dear, ana_by_scout)
    with pytest.raises(DomainError) as refused:
        limits.spend(dear, ana_by_scout)
    told = envelope(refused.value, "request-7")
    assert (told["code"], told["status_code"], told["retryable"]) == ("rate_limited", 429, True)
    assert told["retry_after"] in (1, 2)
    assert told["details"] == {"subject": "this traveler", "rate": 1, "burst": 2}
