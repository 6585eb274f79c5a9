"""Two people decide once, however close they come: to one another, to a run, to a lock, to another version."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError

from bookings.booking.models import Booking
from bookings.reconciliation import services as statements
from bookings.reconciliation.lock import services as locking
from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import Discrepancy, Rules, Run
from bookings.reconciliation.refusals import PeriodLocked
from bookings.reconciliation.resolution import countersigning, ending, ruling, services
from bookings.reconciliation.resolution.models import Adjustment, Countersignature
from bookings.reconciliation.resolution.refusals import (
    AskedAlready,
    ChangedSinceAsked,
    DiscrepancyChanged,
    DiscrepancyStateInvalid,
    NothingToSign,
    RulesChanged,
    SamePerson,
)
from bookings.reconciliation.states import CaseState
from movmo.accounts.models import User
from movmo.kit import clock
from tests.admin.finance import clerk as clerk_of
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.books import by
from tests.bookings.reconciliation.scene import Clerk, again, document, line
from tests.operations.together import together, wait_for_locks, while_another_holds

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "the airline has explained it"


@pytest.fixture
def fay(db: None) -> User:
    return clerk_of("finance", "fay@movmo.example")[0]


@pytest.fixture
def finn(db: None) -> User:
    return clerk_of("finance", "finn@movmo.example")[0]


@pytest.fixture
def flo(db: None) -> User:
    return clerk_of("finance", "flo@movmo.example")[0]


def asks(one: Discrepancy, who: User, end: Callable[..., Any] = ending.accept_theirs) -> Callable[[], Any]:
    return lambda: end(one.pk, reason=WHY, by=by(who), now=clock.now())


def decides(asked: Countersignature, who: User, how: Callable[..., Any] = countersigning.sign) -> Callable[[], Any]:
    return lambda: how(asked.pk, reason=WHY, by=by(who), now=clock.now())


def came_of(done: list[Any]) -> Counter[str]:
    return Counter(type(one).__name__ for one in done)


def test_of_two_who_sign_at_once_one_does(fay: User, finn: User, flo: User) -> None:
    one = books.discrepancy()
    asked = asks(one, fay)()
    done = together(decides(asked, finn), decides(asked, flo))
    assert came_of(done) == {"Countersignature": 1, "NothingToSign": 1}
    refusal = next(each for each in done if isinstance(each, NothingToSign))
    assert "was signed already" in refusal.text
    assert Adjustment.objects.count() == 1
    asked.refresh_from_db()
    assert asked.decided_by in (finn.pk, flo.pk)
    assert one.notes.filter(after=CaseState.RESOLVED).get().author_id == asked.decided_by


def test_of_yes_and_no_at_once_one_holds(fay: User, finn: User, flo: User) -> None:
    one = books.discrepancy()
    asked = asks(one, fay, ending.write_off)()
    done = together(decides(asked, finn), decides(asked, flo, countersigning.decline))
    assert came_of(done) == {"Countersignature": 1, "NothingToSign": 1}
    one.refresh_from_db()
    asked.refresh_from_db()
    assert (one.state, asked.state) in [(CaseState.WRITTEN_OFF, "signed"), (CaseState.OPEN, "declined")]


def test_of_two_who_ask_at_once_one_asked_and_the_other_signs(fay: User, finn: User) -> None:
    one = books.discrepancy()
    assert came_of(together(asks(one, fay), asks(one, finn, ending.write_off))) == {
        "Countersignature": 1,
        "AskedAlready": 1,
    }
    asked = Countersignature.objects.get()
    who, other = (fay, finn) if asked.asked_by == fay.pk else (finn, fay)
    done = together(decides(asked, who), decides(asked, other))
    assert [type(each) for each in done] == [SamePerson, Countersignature]


def test_who_swap_roles_never_sign_their_own(fay: User, finn: User) -> None:
    """Declined and asked anew by the other, at the moment at which the first one would sign."""
    one = books.discrepancy()
    first = asks(one, fay)()
    decides(first, finn, countersigning.decline)()
    second = asks(one, finn)()
    done = together(decides(first, fay), decides(second, finn), decides(second, fay))
    assert [type(each) for each in done] == [SamePerson, SamePerson, Countersignature]
    assert Adjustment.objects.count() == 1


def test_who_signs_and_who_asks_again_do_not_wait_for_one_another(fay: User, finn: User) -> None:
    for _ in range(5):
        one = books.discrepancy()
        asked = asks(one, fay)()
        done = together(decides(asked, finn), asks(one, fay))
        assert isinstance(done[0], Countersignature)
        assert isinstance(done[1], AskedAlready | DiscrepancyStateInvalid)


def test_of_a_signature_and_a_step_at_once_one_holds(fay: User, finn: User, flo: User) -> None:
    one = books.discrepancy()
    asked = asks(one, fay)()
    signed, disputed = together(decides(asked, finn), asks(one, flo, services.dispute))
    one.refresh_from_db()
    if isinstance(signed, Exception):
        assert isinstance(signed, ChangedSinceAsked | DiscrepancyChanged)
        assert (one.state, Adjustment.objects.count()) == (CaseState.DISPUTED, 0)
    else:
        assert isinstance(disputed, DiscrepancyStateInvalid | DiscrepancyChanged)
        assert (one.state, Adjustment.objects.count()) == (CaseState.RESOLVED, 1)


class TestARunInBetween:
    @pytest.fixture
    def run(self, booking: Booking, clerk: Clerk) -> Run:
        return clerk.compares([line(document(booking, "0002000000002"), gross="100.00")])

    def found(self) -> Discrepancy:
        return Discrepancy.objects.get(subject="line 2")

    def test_that_finds_it_otherwise(self, run: Run, booking: Booking, fay: User, finn: User) -> None:
        asked = asks(self.found(), fay)()
        booking.issued_documents.update(amount_minor=20_000)
        again(run.statement)
        with pytest.raises(ChangedSinceAsked):
            decides(asked, finn)()
        assert (self.found().state, Adjustment.objects.count()) == (CaseState.OPEN, 0)

    def test_that_does_not_find_it_any_more(self, run: Run, booking: Booking, fay: User, finn: User) -> None:
        asked = asks(self.found(), fay)()
        booking.issued_documents.update(amount_minor=10_000)
        again(run.statement)
        with pytest.raises(DiscrepancyStateInvalid):
            decides(asked, finn)()
        booking.issued_documents.update(amount_minor=11_870)
        again(run.statement)
        with pytest.raises(ChangedSinceAsked):
            decides(asked, finn)()

    def test_that_finds_the_same(self, run: Run, fay: User, finn: User) -> None:
        asked = asks(self.found(), fay)()
        again(run.statement)
        decides(asked, finn)()
        assert self.found().state == CaseState.RESOLVED

    def test_at_the_same_moment(self, run: Run, booking: Booking, fay: User, finn: User) -> None:
        """Either it was signed for what it was, and is open again as what it is; or it was not signed."""
        asked = asks(self.found(), fay)()
        booking.issued_documents.update(amount_minor=20_000)
        statements.run(run.statement, by=None, now=clock.now())
        compares = lambda: statements.advance(run.statement_id, clock=clock.now)  # noqa: E731
        signed, compared = together(decides(asked, finn), compares)
        assert not isinstance(compared, Exception)
        one = self.found()
        assert (one.state, one.ours_minor) == (CaseState.OPEN, 20_000)
        booked = list(Adjustment.objects.values_list("difference_minor", flat=True))
        if isinstance(signed, Exception):
            assert isinstance(signed, ChangedSinceAsked | DiscrepancyChanged)
            assert booked == []
        else:
            assert booked == [10_000 - 11_870]


class TestALockInBetween:
    def lock(self, who: User) -> PeriodLock:
        return locking.lock("sandbox", books.DAY, books.DAY, reason=WHY, by=by(who), now=clock.now())

    @pytest.mark.parametrize("is_locked_first", [True, False])
    def test_one_waits_for_the_other(self, fay: User, finn: User, is_locked_first: bool) -> None:
        books.rules(EUR={"write_off": 100})
        end, lock = asks(books.discrepancy(), fay, ending.close), lambda: self.lock(finn)
        wait_for_locks(100)
        with pytest.raises(OperationalError if is_locked_first else locking.PeriodsInUse):
            while_another_holds(*((lock, end) if is_locked_first else (end, lock)))
        wait_for_locks(10_000)

    def test_at_the_same_moment(self, fay: User, finn: User, flo: User) -> None:
        one = books.discrepancy()
        asked = asks(one, fay, ending.close)()
        signed, locked = together(decides(asked, finn), lambda: self.lock(flo))
        assert isinstance(locked, PeriodLock)
        one.refresh_from_db()
        assert one.state == (CaseState.OPEN if isinstance(signed, PeriodLocked) else CaseState.RESOLVED)


class TestRulesAtOnce:
    def make(self, who: User, **tolerances: dict[str, int]) -> Callable[[], Any]:
        return lambda: ruling.make(tolerances, reason=WHY, by=by(who), now=clock.now())

    def test_of_two_versions_one_is_made_or_both_in_turn(self, fay: User, finn: User) -> None:
        books.rules(EUR={"gross": 9})
        done = together(self.make(fay, EUR={"gross": 5}), self.make(finn, EUR={"gross": 5}))
        made = [one for one in done if isinstance(one, Rules)]
        assert all(isinstance(one, Rules | RulesChanged) for one in done)
        assert sorted(one.version for one in made) == list(range(2, 2 + len(made)))

    def test_of_two_who_ask_one_asked(self, fay: User, finn: User) -> None:
        done = together(self.make(fay, EUR={"gross": 5}), self.make(finn, EUR={"gross": 5}))
        assert came_of(done) == {"Countersignature": 1, "AskedAlready": 1}
        assert not Rules.objects.exists()

    def test_of_two_who_sign_one_does(self, fay: User, finn: User, flo: User) -> None:
        asked = self.make(fay, EUR={"gross": 5})()
        done = together(decides(asked, finn), decides(asked, flo))
        assert came_of(done) == {"Countersignature": 1, "NothingToSign": 1}
        assert Rules.objects.get().version == 1

    def test_what_is_stricter_meanwhile_is_not_overruled(self, fay: User, finn: User, flo: User) -> None:
        books.rules(EUR={"gross": 5})
        asked = self.make(fay, EUR={"gross": 6})()
        signed, made = together(decides(asked, finn), self.make(flo, EUR={"gross": 0}))
        gross = [one.tolerances["EUR"]["gross"] for one in Rules.objects.order_by("version")]
        if isinstance(signed, Exception):
            assert isinstance(signed, ChangedSinceAsked)
            assert gross == [5, 0]
        else:
            assert gross == ([5, 6] if isinstance(made, RulesChanged) else [5, 6, 0])
