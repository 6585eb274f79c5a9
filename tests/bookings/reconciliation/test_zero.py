"""Nothing has no sign: a zero with a minus is a zero, whichever way its file is read."""

import pytest

from bookings.booking.models import Booking
from bookings.reconciliation.models import StatementLine
from tests.bookings.reconciliation.scene import Clerk, csv_of, document, line

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("is_quick", [True, False])
@pytest.mark.parametrize("kind", ["sale", "adm", "fee", "refund", "void", "acm"])
@pytest.mark.parametrize("gross", ["-0.00", "-0", "-0.0", "0.00"])
def test_is_taken_as_nothing(booking: Booking, clerk: Clerk, kind: str, gross: str, is_quick: bool) -> None:
    told = line(document(booking, "0002000000001"), kind=kind, gross=gross)
    statement = clerk.reads(csv_of([told]), auto=is_quick)
    if not is_quick:
        assert (statement.state, statement.counts["bad"]) == ("staged", 0)
        statement = clerk.accepts(statement)
    assert statement.state == "reconciled"
    assert StatementLine.objects.get().gross_minor == 0


@pytest.mark.parametrize("is_quick", [True, False])
def test_the_least_that_is_not_nothing_has_one(booking: Booking, clerk: Clerk, is_quick: bool) -> None:
    told = line(document(booking, "0002000000001"), gross="-0.01")
    statement = clerk.reads(csv_of([told]), auto=is_quick)
    assert (statement.state, statement.quarantined.get().code) == ("staged", "sign")
