"""What is booked of lines that stand for a booking together comes to what is accepted of them, less ours."""

from collections.abc import Callable
from itertools import permutations

import pytest
from django.db.models import Sum

from bookings.booking.models import Booking
from bookings.reconciliation.models import Discrepancy, Run
from bookings.reconciliation.resolution import countersigning, ending, services
from bookings.reconciliation.resolution.models import Adjustment, Countersignature
from bookings.reconciliation.resolution.refusals import ChangedSinceAsked
from bookings.reconciliation.states import CaseState
from movmo.accounts.models import User
from movmo.kit import clock
from tests.admin.finance import clerk as clerk_of
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.books import by
from tests.bookings.reconciliation.scene import Clerk, again, document, line
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "the airline has explained it"
OURS = 23_740


@pytest.fixture
def of_the_order(booking: Booking, clerk: Clerk) -> Callable[..., Run]:
    """Lines of an order that has two tickets, 237.40 together; none of them names one."""
    rows = [document(booking, f"000200000000{number}") for number in (1, 2)]

    def compared(*told: tuple[str, str]) -> Run:
        parts = [line(rows[0], ticket_number="", gross=gross, currency=currency) for gross, currency in told]
        return clerk.compares(parts)

    return compared


@pytest.fixture
def three(of_the_order: Callable[..., Run]) -> Run:
    """95.00, 60.00 and 30.00."""
    return of_the_order(("95.00", "EUR"), ("60.00", "EUR"), ("30.00", "EUR"))


@pytest.fixture
def fay(db: None) -> User:
    return clerk_of("finance", "fay@movmo.example")[0]


@pytest.fixture
def no_limit(db: None) -> None:
    books.rules(**{"*": {"write_off": 10_000_000}})


def accept(subject: str, who: User) -> Discrepancy | Countersignature:
    one = Discrepancy.objects.get(subject=subject)
    return ending.accept_theirs(one.pk, reason=WHY, by=by(who), now=clock.now())


def booked() -> int:
    return int(Adjustment.objects.aggregate(sum=Sum("difference_minor"))["sum"] or 0)


@pytest.mark.usefixtures("three", "no_limit")
@pytest.mark.parametrize("order", [*permutations((("line 2", 9_500), ("line 3", 6_000), ("line 4", 3_000)))])
def test_each_part_in_each_order(order: tuple[tuple[str, int], ...], fay: User) -> None:
    accepted = 0
    for subject, theirs in order:
        accept(subject, fay)
        accepted += theirs
        assert booked() == accepted - OURS


@pytest.mark.usefixtures("three", "no_limit")
def test_what_is_ended_otherwise_is_not_counted(fay: User) -> None:
    first = Discrepancy.objects.get(subject="line 2")
    ending.write_off(first.pk, reason=WHY, by=by(fay), now=clock.now())
    accept("line 3", fay)
    accept("line 4", fay)
    assert booked() == 6_000 + 3_000 - OURS


@pytest.mark.usefixtures("no_limit")
def test_accepted_again_it_is_booked_once(three: Run, fay: User) -> None:
    accept("line 3", fay)
    one = Discrepancy.objects.get(subject="line 3")
    services.reopen(one.pk, reason=WHY, by=by(fay), now=clock.now())
    accept("line 3", fay)
    assert (booked(), Adjustment.objects.count()) == (6_000 - OURS, 2)


@pytest.mark.usefixtures("no_limit")
def test_found_otherwise_it_is_booked_as_it_is_then(three: Run, booking: Booking, fay: User) -> None:
    for subject in ("line 2", "line 3", "line 4"):
        accept(subject, fay)
    booking.issued_documents.filter(number="0002000000002").update(amount_minor=1_000)
    again(three.statement)
    for subject in Discrepancy.objects.filter(state=CaseState.OPEN).values_list("subject", flat=True):
        accept(subject, fay)
    assert booked() == 18_500 - 12_870


@pytest.mark.usefixtures("no_limit")
def test_a_line_in_another_currency_takes_nothing_off_ours(of_the_order: Callable[..., Run], fay: User) -> None:
    of_the_order(("95.00", "USD"), ("95.00", "EUR"), ("60.00", "EUR"))
    for subject in ("line 2", "line 3", "line 4"):
        accept(subject, fay)
    assert booked() == 15_500 - OURS
    assert list(Adjustment.objects.filter(currency="USD").values_list("difference_minor", flat=True)) == [None]


@pytest.mark.usefixtures("no_limit")
def test_another_booking_s_lines_are_its_own(three: Run, book: Callable[..., Booking], clerk: Clerk, fay: User) -> None:
    for subject in ("line 2", "line 3", "line 4"):
        accept(subject, fay)
    other = book()
    rows = [document(other, f"000300000000{number}") for number in (1, 2)]
    run = clerk.compares([line(rows[0], ticket_number="", gross=gross) for gross in ("10.00", "20.00")])
    one = Discrepancy.objects.get(statement=run.statement, subject="line 2")
    ending.accept_theirs(one.pk, reason=WHY, by=by(fay), now=clock.now())
    assert booked() == 18_500 - OURS + 1_000 - OURS


@pytest.mark.usefixtures("three")
def test_what_is_booked_is_at_stake_though_another_line_has_the_risk(fay: User) -> None:
    books.rules(EUR={"write_off": 10_000})
    second = Discrepancy.objects.get(subject="line 3")
    assert second.at_risk_minor == 0
    asked = accept("line 3", fay)
    assert isinstance(asked, Countersignature)
    assert asked.amount_minor == OURS - 6_000


@pytest.mark.usefixtures("three")
def test_it_is_not_signed_for_another_amount(fay: User) -> None:
    asked = accept("line 3", fay)
    assert isinstance(asked, Countersignature)
    books.rules(EUR={"write_off": 1_000_000})
    accept("line 2", fay)
    with pytest.raises(ChangedSinceAsked):
        countersigning.sign(asked.pk, reason=WHY, by=by(clerk_of("finance", "finn@movmo.example")[0]), now=clock.now())
    assert booked() == 9_500 - OURS


@pytest.mark.usefixtures("three", "no_limit")
def test_of_all_at_once_each_sees_the_others(fay: User) -> None:
    done = together(*(lambda subject=subject: accept(subject, fay) for subject in ("line 2", "line 3", "line 4")))
    assert [one for one in done if isinstance(one, Exception)] == []
    assert booked() == 18_500 - OURS
