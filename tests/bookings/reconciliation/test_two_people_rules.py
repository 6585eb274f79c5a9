"""Rules that let more pass are in force once a second person has signed, and a limit by two who may raise one."""

from typing import Any

import pytest

from bookings.reconciliation.models import Rules
from bookings.reconciliation.resolution import countersigning, ending, ruling
from bookings.reconciliation.resolution.models import Countersignature
from bookings.reconciliation.resolution.refusals import (
    AskedAlready,
    ChangedSinceAsked,
    LimitReserved,
    NothingToSign,
    SamePerson,
    SigningReserved,
)
from movmo.accounts.models import User
from movmo.kit import clock
from tests.admin.finance import clerk
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.books import by

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "the airline has explained it"


@pytest.fixture
def fay(db: None) -> User:
    return clerk("finance", "fay@movmo.example")[0]


@pytest.fixture
def finn(db: None) -> User:
    return clerk("finance", "finn@movmo.example")[0]


@pytest.fixture
def ada(db: None) -> User:
    return clerk("admin", "ada@movmo.example")[0]


def signed(asked: Countersignature, who: User) -> Countersignature:
    return countersigning.sign(asked.pk, reason=WHY, by=by(who), now=clock.now())


def make(who: User, **tolerances: dict[str, int]) -> Any:
    return ruling.make(tolerances, reason=WHY, by=by(who), now=clock.now())


class TestRules:
    """Of nothing but tolerances a statement agrees wholly, and of a limit one person ends everything."""

    BEFORE: dict[str, dict[str, int]] = {"EUR": {"gross": 5, "write_off": 5_000}, "*": {"tax": 1, "write_off": 10}}

    @pytest.fixture(autouse=True)
    def before(self) -> Rules:
        return books.rules(**self.BEFORE)

    @pytest.mark.parametrize(
        "after",
        [
            {**BEFORE, "EUR": {"gross": 6, "write_off": 5_000}},
            {**BEFORE, "EUR": {"gross": 5, "fee": 1, "write_off": 5_000}},
            {**BEFORE, "*": {"tax": 2}},
            {**BEFORE, "*": {"tax": 1, "gross": 1}},
            {**BEFORE, "USD": {"tax": 2}},
            # Of a currency that is not named any more what is said of all others holds.
            {"*": {"tax": 1, "write_off": 10}},
        ],
        ids=["more", "another column", "all others", "a column of all others", "another currency", "left out"],
    )
    def test_what_lets_more_pass_takes_two_people(
        self, fay: User, finn: User, after: dict[str, dict[str, int]]
    ) -> None:
        asked = make(fay, **after)
        assert (asked.what, Rules.objects.count()) == ("rules", 1)
        with pytest.raises(SamePerson):
            signed(asked, fay)
        with pytest.raises(AskedAlready):
            make(finn, **after)
        signed(asked, finn)
        newest = Rules.objects.get(version=2)
        assert (newest.tolerances, newest.created_by, newest.reason) == (after, fay.pk, WHY)

    @pytest.mark.parametrize(
        "after",
        [BEFORE, {}, {**BEFORE, "EUR": {"write_off": 4_999}}, {**BEFORE, "USD": {}}, {**BEFORE, "USD": {"tax": 1}}],
        ids=["the same", "nothing", "less", "less of one", "as others"],
    )
    def test_what_lets_no_more_pass_is_in_force_at_once(self, fay: User, after: dict[str, dict[str, int]]) -> None:
        assert make(fay, **after).version == 2
        assert not Countersignature.objects.exists()

    def test_a_limit_is_raised_by_two_who_may(self, fay: User, finn: User, ada: User) -> None:
        more = {**self.BEFORE, "EUR": {"gross": 5, "write_off": 900_000}}
        with pytest.raises(LimitReserved):
            make(fay, **more)
        asked = make(ada, **more)
        assert asked.what == "limit"
        with pytest.raises(SamePerson):
            signed(asked, ada)
        with pytest.raises(SigningReserved):
            signed(asked, finn)
        one = books.discrepancy(at_risk_minor=900_000)
        ended = ending.write_off(one.pk, reason=WHY, by=by(ada), now=clock.now())
        assert isinstance(ended, Countersignature), "nothing is in force yet"
        signed(asked, clerk("admin", "abe@movmo.example")[0])
        assert Rules.objects.get(version=2).tolerances == more

    def test_a_run_goes_by_none_that_waits(self, fay: User) -> None:
        make(fay, EUR={"gross": 10_000_000})
        assert Rules.objects.get().tolerances == self.BEFORE

    def test_what_was_declined_is_never_in_force(self, fay: User, finn: User) -> None:
        asked = make(fay, EUR={"gross": 10_000_000})
        countersigning.decline(asked.pk, reason=WHY, by=by(finn), now=clock.now())
        with pytest.raises(NothingToSign):
            signed(asked, finn)
        assert Rules.objects.count() == 1

    def test_they_are_signed_for_what_they_were_held_against(self, fay: User, finn: User) -> None:
        asked = make(fay, EUR={"gross": 6})
        make(finn, EUR={"gross": 0})
        with pytest.raises(ChangedSinceAsked):
            signed(asked, finn)
        assert [one.tolerances["EUR"] for one in Rules.objects.order_by("version")][-1] == {"gross": 0}
