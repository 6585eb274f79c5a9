"""A worker dies at any statement while a card is paid with: asked again, it is charged once, or given back."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from bookings.booking.models import Booking
from bookings.booking.states import State
from movmo.kit.errors import DomainError
from movmo.sandbox_vault.app import SandboxVault
from tests.conftest import StoppedClock
from tests.contract.world import World, new_key

MOST_STATEMENTS = 200


class Died(BaseException):
    """Nothing catches it, as nothing catches the end of a process."""


class Dying:
    """The connection breaks at the `at`th statement that changes something."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            self._left -= 1
            if self._left < 0:
                raise Died
        return execute(sql, params, many, context)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("name", "ends"), [("Andersson", State.TICKETED), ("SOLDOUT", State.FAILED)])
def test_at_every_statement(world: World, the_vault: SandboxVault, clock: StoppedClock, name: str, ends: State) -> None:
    card = str(world.card().payment_method_id)
    for at in range(MOST_STATEMENTS):
        offer, key = world.mapped_offer(family_name=name), new_key()
        asked_before = len(the_vault.desk._by_key)
        try:
            with connection.execute_wrapper(Dying(at)):
                world.book(offer, key=key, payment_method_id=card)
            break
        except Died:
            pass
        except DomainError:
            break
        for _ in range(4):  # whoever had it when it died lets go of it after its lease
            clock.forward(minutes=1)
            call_command("resolve_bookings")
        booking = Booking.objects.filter(offer_id=offer.offer_id).first()
        if booking is None:
            assert len(the_vault.desk._by_key) == asked_before, at
            continue
        paid = [one for one in the_vault.desk._by_key.values() if one.key == str(booking.pk)]
        assert (booking.state, len(paid)) == (ends, 1), at
        assert paid[0].status == booking.payment_status == ("approved" if ends is State.TICKETED else "voided"), at
    else:
        pytest.fail("it never came to its end")
    assert at > 10
