"""Two locks that have a day in common are never in force together, however close they come."""

from datetime import date

import pytest

from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.lock.services import PeriodsInUse, lock
from bookings.reconciliation.resolution.refusals import LockInvalid
from bookings.reconciliation.resolution.schemas import By
from movmo.kit import clock
from tests.operations.together import together, wait_for_locks, while_another_holds

pytestmark = pytest.mark.django_db(transaction=True)
WHY = "the month is over"


def february() -> PeriodLock:
    return lock("sandbox", date(2027, 2, 1), date(2027, 2, 28), reason=WHY, by=By(), now=clock.now())


def the_last_week() -> PeriodLock:
    return lock("sandbox", date(2027, 2, 22), date(2027, 3, 1), reason=WHY, by=By(), now=clock.now())


def test_one_waits_for_the_other_to_commit() -> None:
    wait_for_locks(100)
    with pytest.raises(PeriodsInUse):
        while_another_holds(february, the_last_week)
    wait_for_locks(10_000)
    assert not PeriodLock.objects.exists()


def test_of_two_at_once_one_is_refused() -> None:
    made = together(february, the_last_week)
    assert [type(one) for one in made].count(LockInvalid) == 1
    assert PeriodLock.objects.count() == 1
