"""So many of a partner's statements wait, each for so long: then somebody has to accept one, or it is declined."""

from datetime import timedelta
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import pytest
from django.db import transaction

from bookings.reconciliation import allowances, services, storing
from bookings.reconciliation.door.schemas import StatementList, StatementView
from bookings.reconciliation.models import Statement
from bookings.reconciliation.refusals import (
    MOST_WAITING,
    PARTNERS_LINES_A_DAY,
    StatementLinesSpent,
    StatementNotStaged,
    StatementsWaiting,
)
from bookings.reconciliation.services import WAITS
from bookings.reconciliation.tasks import tidy_statements
from bookings.reconciliation.tidying import lapse
from movmo.kit import clock as time
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.operations.card_numbers import CardNumberRefused
from movmo.operations.context import Caller, Door
from movmo.operations.models import AuditEvent
from partners.partner.models import Partner
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.scene import Clerk, csv_of
from tests.bookings.reconciliation.test_door import HEADER, WHY, advanced, sent
from tests.bookings.reconciliation.test_limits import sales
from tests.conftest import StoppedClock
from tests.contract.world import World, new_key, view_of
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)
SALE = {"kind": "sale", "order_id": "ord_1", "currency": "EUR", "gross": "118.70"}


def file(number: int) -> str:
    return f"{HEADER}sale,{number},EUR,1.00\n# lines 1\n"


def listed(world: World, **wanted: Any) -> list[str]:
    return [str(one.statement_id) for one in view_of(StatementList, world.call("list_statements", **wanted)).data]


def ask(world: World, name: str, told: StatementView, **more: Any) -> StatementView:
    return view_of(StatementView, world.call(name, statement_id=str(told.statement_id), **more))


@pytest.fixture
def of_aviare(aviare: Partner) -> Clerk:
    return Clerk(partner=aviare)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowances, "MOST_WAITING", 2)


class TestTheLimit:
    def test_so_many_wait_and_no_more(self, world: World, folder: Path) -> None:
        waiting = [sent(world, file(number)) for number in range(MOST_WAITING)]
        advanced(waiting[0], world)
        with pytest.raises(StatementsWaiting) as refusal:
            sent(world, file(100))
        assert refusal.value.facts == {"limit": 20, "staged": 1, "received": 19}
        assert (refusal.value.retry_after, "list_statements" in refusal.value.hint) == (60, True)
        assert (Statement.objects.count(), len(list(folder.iterdir()))) == (MOST_WAITING, MOST_WAITING)

    @pytest.mark.usefixtures("two")
    @pytest.mark.parametrize(("word", "more"), [("accept_statement", {}), ("decline_statement", {"reason": WHY})])
    def test_a_word_about_one_makes_room(self, world: World, word: str, more: dict[str, str]) -> None:
        first, _ = sent(world, file(1)), sent(world, file(2))
        key, day = new_key(), time.now().date().isoformat()
        with pytest.raises(StatementsWaiting):
            sent(world, file(3), key=key)
        ask(world, word, advanced(first, world), **more)
        third = sent(world, file(3), key=key)
        assert (third.status, third.period_start.isoformat()) == ("received", day)
        with pytest.raises(StatementsWaiting):
            sent(world, file(4))

    @pytest.mark.usefixtures("two")
    def test_the_same_file_is_no_other_one(self, world: World) -> None:
        first, _ = sent(world, file(1)), sent(world, file(2))
        assert sent(world, file(1)).statement_id == first.statement_id
        assert sent(world, file(1), auto_accept=True).statement_id == first.statement_id

    @pytest.mark.usefixtures("two")
    def test_what_was_declined_comes_back_where_there_is_room(self, world: World, folder: Path) -> None:
        declined = ask(world, "decline_statement", advanced(sent(world, file(1)), world), reason=WHY)
        second, _ = sent(world, file(2)), sent(world, file(3))
        with pytest.raises(StatementsWaiting):
            sent(world, file(1))
        assert (ask(world, "get_statement", declined).status, len(list(folder.iterdir()))) == ("refused", 2)
        ask(world, "decline_statement", advanced(second, world), reason=WHY)
        assert sent(world, file(1)).status == "received"

    @pytest.mark.usefixtures("two")
    def test_it_is_each_partner_s_and_each_mode_s_own(
        self, world: World, clerk: Clerk, aviare: Partner, kestrel_alone: Caller
    ) -> None:
        for number in (1, 2):
            sent(world, file(number))
        sent(World(kestrel_alone), file(3))
        Clerk("duffel", aviare).sends(csv_of([SALE]))
        for number in range(3):
            clerk.sends(csv_of([SALE] * number))
        with pytest.raises(StatementsWaiting):
            sent(world, file(5))


class TestLinesOfADay:
    @pytest.fixture(autouse=True)
    def ten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert PARTNERS_LINES_A_DAY == 1_000_000
        monkeypatch.setattr(allowances, "PARTNERS_LINES_A_DAY", 10)

    def test_so_many_come_and_no_more(self, world: World, folder: Path, clock: StoppedClock) -> None:
        first = sent(world, sales(6))
        clock.forward(hours=1)
        with pytest.raises(StatementLinesSpent, match="has 5 lines, and 6 of the 10") as refusal:
            sent(world, sales(5))
        assert refusal.value.retry_after == 23 * 3_600 + 1
        assert (Statement.objects.count(), len(list(folder.iterdir()))) == (1, 1)
        assert sent(world, sales(4)).status == "received"
        assert sent(world, sales(6)).statement_id == first.statement_id
        clock.forward(seconds=refusal.value.retry_after)
        assert sent(world, sales(5)).status == "received"

    def test_what_was_declined_has_come_as_well_and_may_come_again(self, world: World) -> None:
        told = advanced(sent(world, sales(10)), world)
        ask(world, "decline_statement", told, reason=WHY)
        with pytest.raises(StatementLinesSpent):
            sent(world, sales(1))
        assert sent(world, sales(10)).statement_id == told.statement_id

    def test_they_are_each_partner_s_and_each_mode_s_own(
        self, world: World, clerk: Clerk, aviare: Partner, kestrel_alone: Caller
    ) -> None:
        sent(world, sales(10))
        sent(World(kestrel_alone), sales(9))
        Clerk("duffel", aviare).sends(csv_of([SALE] * 8))
        clerk.sends(csv_of([SALE] * 11))
        with pytest.raises(StatementLinesSpent):
            sent(world, sales(1))

    def test_of_many_calls_so_many_are_taken(self, world: World, folder: Path) -> None:
        ended = together(*(lambda count=count: sent(world, sales(count)) for count in (5, 6, 7)))
        assert [type(one) for one in ended].count(StatementLinesSpent) == 2
        assert (Statement.objects.count(), len(list(folder.iterdir()))) == (1, 1)


@pytest.mark.usefixtures("two")
class TestTwoAtOnce:
    def test_one_waits_for_the_other_and_finds_it(self, of_aviare: Clerk) -> None:
        """Whoever counts while another's is not committed yet would count one too few."""
        of_aviare.sends(csv_of([SALE]))
        first_is_there = Event()

        def first() -> None:
            with transaction.atomic():
                of_aviare.sends(csv_of([SALE] * 2))
                first_is_there.set()
                sleep(0.5)

        def second() -> None:
            assert first_is_there.wait(10)
            of_aviare.sends(csv_of([SALE] * 3))

        ended = together(first, second)
        assert [type(one) for one in ended] == [type(None), StatementsWaiting]
        assert Statement.objects.count() == 2

    def test_of_many_calls_so_many_are_taken(self, world: World, folder: Path) -> None:
        ended = together(*(lambda number=number: sent(world, file(number)) for number in range(4)))
        assert [type(one) for one in ended].count(StatementsWaiting) == 2
        assert (Statement.objects.count(), len(list(folder.iterdir()))) == (2, 2)

    def test_the_last_place_is_one_file_s_however_often_it_is_sent(self, world: World, folder: Path) -> None:
        sent(world, file(1))
        ended = together(*(lambda: sent(world, file(2)) for _ in range(2)))
        assert len({one.statement_id for one in ended if isinstance(one, StatementView)}) == 1, ended
        assert all(isinstance(one, StatementView) for one in ended), ended
        assert (Statement.objects.count(), len(list(folder.iterdir()))) == (2, 2)

    def test_two_that_were_declined_want_the_last_place(self, of_aviare: Clerk) -> None:
        files = [csv_of([SALE] * number) for number in (1, 2)]
        for each in files:
            services.decline(of_aviare.reads(each), reason=WHY, now=time.now())
        of_aviare.sends(csv_of([SALE] * 3))
        ended = together(*(lambda each=each: of_aviare.sends(each) for each in files))
        assert [type(one) for one in ended].count(StatementsWaiting) == 1
        assert Statement.objects.filter(state="received").count() == 2


class TestALapse:
    def test_one_that_nobody_accepts_is_declined_and_says_why(
        self, world: World, clock: StoppedClock, folder: Path
    ) -> None:
        staged = advanced(sent(world, file(1)), world)
        assert (staged.accept_until, len(list(folder.iterdir()))) == (clock.now + WAITS, 1)
        clock.set(clock.now + WAITS - timedelta(seconds=1))
        tidy_statements()
        assert ask(world, "get_statement", staged).status == "staged"
        clock.forward(seconds=1)
        tidy_statements()
        told = ask(world, "get_statement", staged)
        assert (told.status, told.problem_code, told.accept_until) == ("refused", "not_accepted_in_time", None)
        assert told.problem == (
            "Nobody accepted it within 30 days. Nothing of it was taken over; send the file again to have it read anew."
        )
        assert list(folder.iterdir()) == []
        assert advanced(sent(world, file(1)), world).status == "staged"

    def test_staff_s_wait_and_so_does_what_was_accepted(
        self, clerk: Clerk, of_aviare: Clerk, clock: StoppedClock
    ) -> None:
        staff_s = clerk.reads(csv_of([SALE]))
        accepted = services.accept(of_aviare.reads(csv_of([SALE])), by=None, now=time.now())
        clock.set(clock.now + 2 * WAITS)
        assert lapse(now=clock.now) == 0
        states = {one.pk: one.state for one in Statement.objects.all()}
        assert states == {staff_s.pk: "staged", accepted.pk: "accepted"}

    def test_one_sent_anew_meanwhile_is_not_declined(self, of_aviare: Clerk, clock: StoppedClock) -> None:
        seen = of_aviare.reads(csv_of([SALE]))
        of_aviare.period = (of_aviare.period[0], of_aviare.period[1] - timedelta(days=1))
        assert of_aviare.reads(csv_of([SALE])).state == "staged"
        with pytest.raises(StatementNotStaged):
            services.decline(seen, reason=WHY, now=time.now())
        assert Statement.objects.get().state == "staged"

    def test_a_storage_that_fails_keeps_no_other(
        self, of_aviare: Clerk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in (1, 2):
            of_aviare.reads(csv_of([SALE] * number))

        def fails(name: str) -> None:
            raise OSError("the disk is read-only")

        monkeypatch.setattr(storing, "forget", fails)
        assert lapse(now=clock.now + WAITS) == 2
        assert set(Statement.objects.values_list("state", "file")) == {("refused", "")}


class TestDeclining:
    def test_nothing_of_it_is_taken_over(self, world: World, aviare: Partner, folder: Path) -> None:
        staged = advanced(sent(world, file(1)), world)
        told = ask(world, "decline_statement", staged, reason=WHY)
        assert (told.status, told.problem_code, told.problem) == ("refused", "declined", WHY)
        assert list(folder.iterdir()) == []
        lines = AuditEvent.objects.filter(operation="decline_statement", partner_id=aviare.pk).order_by("id")
        told_of = [(one.phase, (one.arguments or {})["reason"]) for one in lines]
        assert told_of == [("intent", "[redacted]"), ("outcome", "[redacted]")]
        with pytest.raises(StatementNotStaged):
            ask(world, "accept_statement", staged)

    @pytest.mark.parametrize("state", ["received", "accepted", "reconciled", "refused"])
    def test_only_what_waits_for_a_word(self, world: World, aviare: Partner, state: str) -> None:
        one = books.statement(aviare, state=state)
        with pytest.raises(StatementNotStaged, match=f"The statement is {state}"):
            world.call("decline_statement", statement_id=str(one.pk), reason=WHY)

    @pytest.mark.parametrize("reason", ["", "no", "x" * 201, "a\nb\nc\nd", "- - - -"])
    def test_a_reason_is_a_sentence(self, world: World, aviare: Partner, reason: str) -> None:
        one = books.statement(aviare, state="staged")
        with pytest.raises(InvalidArguments):
            world.call("decline_statement", statement_id=str(one.pk), reason=reason)

    def test_and_holds_no_card_number(self, world: World, aviare: Partner) -> None:
        one = books.statement(aviare, state="staged")
        with pytest.raises(CardNumberRefused):
            world.call("decline_statement", statement_id=str(one.pk), reason="of 4242424242424242")

    def test_another_s_is_not_found(self, aviare: Partner, kestrel_alone: Caller) -> None:
        live = Caller(door=Door.REST, partner_id=aviare.pk, is_live_key=True)
        for of, caller in ((aviare, kestrel_alone), (aviare, live), (None, kestrel_alone)):
            one = books.statement(of, state="staged")
            with pytest.raises(NotFound):
                World(caller).call("decline_statement", statement_id=str(one.pk), reason=WHY)
            assert Statement.objects.get(pk=one.pk).state == "staged"


class TestAList:
    def test_goes_on_from_its_cursor(self, world: World, aviare: Partner) -> None:
        made = [str(books.statement(aviare).pk) for _ in range(5)]
        seen: list[str] = []
        cursor = None
        while True:
            page = view_of(StatementList, world.call("list_statements", limit=2, cursor=cursor))
            seen += [str(one.statement_id) for one in page.data]
            if (cursor := page.next_cursor) is None:
                break
        assert seen == sorted(made, reverse=True)

    def test_is_narrowed_by_state_and_provider(self, world: World, aviare: Partner) -> None:
        staged, done = (str(books.statement(aviare, state=state).pk) for state in ("staged", "reconciled"))
        assert listed(world, status="staged") == [staged]
        assert listed(world, status="received") == []
        assert listed(world, provider="sandbox") == [done, staged]

    @pytest.mark.parametrize("wanted", [{"status": "waiting"}, {"provider": "No Such"}, {"limit": 101}])
    def test_what_cannot_be_is_said(self, world: World, wanted: dict[str, Any]) -> None:
        with pytest.raises(InvalidArguments):
            world.call("list_statements", **wanted)

    def test_holds_nobody_else_s(self, world: World, aviare: Partner, kestrel: Partner) -> None:
        for of in (None, kestrel):
            books.statement(of)
        books.statement(aviare, provider="duffel", scope=f"duffel:{aviare.pk}")
        assert listed(world) == []
