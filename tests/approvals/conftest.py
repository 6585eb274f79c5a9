from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.kit.money import Money
from movmo.operations.approval import deciding
from movmo.operations.approval.mandates import Limits
from movmo.operations.approval.models import Mandate
from movmo.operations.approval.refusals import ApprovalRequired
from movmo.operations.context import Caller
from movmo.operations.dispatch import Answer, dispatch
from movmo.sandbox_vault.app import SandboxVault
from tests.conftest import StoppedClock
from tests.contract.world import World, booking_of, new_key, the


class Agent:
    """scout, calling tools for ana."""

    def __init__(self, caller: Caller, world: World) -> None:
        self.caller = caller
        self.world = world

    def call(self, name: str, *, key: str | None = None, by: Caller | None = None, **arguments: Any) -> Answer:
        return dispatch(the(name), by or self.caller, {**arguments, "idempotency_key": key or new_key()})

    def refused(self, name: str, **arguments: Any) -> DomainError:
        with pytest.raises(DomainError) as refusal:
            self.call(name, **arguments)
        return refusal.value

    def question(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The facts of `approval_required`."""
        refusal = self.refused(name, **arguments)
        assert isinstance(refusal, ApprovalRequired), refusal
        return refusal.facts

    def order(self, *party: str, **changes: Any) -> dict[str, Any]:
        """Arguments of create_booking for an offer that may be booked at once."""
        flight = {name: changes.pop(name) for name in ("holdable", "family_name") if name in changes}
        return booking_of(self.world.mapped_offer(*party, **flight), **changes)


@pytest.fixture
def agent(ana_by_scout: Caller, world: World) -> Agent:
    return Agent(ana_by_scout, world)


Trust = Callable[..., Mandate]


@pytest.fixture
def trust(ana_by_scout: Caller) -> Trust:
    """Give scout an allowance of ana's, in minor units of EUR."""

    def given(*people: Any, a_booking: int = 100_000, a_month: int = 200_000, days: float = 30) -> Mandate:
        assert ana_by_scout.user_id is not None
        assert ana_by_scout.client_id is not None
        now = clock.now()
        limits = Limits(
            Money(a_booking, "EUR"), Money(a_month, "EUR"), frozenset(people), valid_until=now + timedelta(days=days)
        )
        return deciding.grant(
            user_id=ana_by_scout.user_id, client_id=ana_by_scout.client_id, limits=limits, granted_with="code", now=now
        )

    return given


@pytest.fixture(autouse=True)
def stopped(clock: StoppedClock) -> None:
    """Offers do not run out while a test looks at them."""


@pytest.fixture(scope="session", autouse=True)
def vault_is_up(the_vault: SandboxVault) -> None:
    """Cards are kept somewhere."""
