"""A run again finds nothing twice, and tells what is new, changed, the same and gone since the run before it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.booking.models import Booking
from bookings.reconciliation import matching, queries
from bookings.reconciliation.models import Discrepancy, DiscrepancyNote, Rules, Run
from bookings.reconciliation.states import CaseState
from movmo.kit import clock
from tests.bookings.reconciliation import scene
from tests.bookings.reconciliation.scene import Clerk, classes, document, line, ties

pytestmark = pytest.mark.django_db


def again(run: Run) -> Run:
    return scene.again(run.statement)


def diff(run: Run) -> tuple[int, int, int, int]:
    return run.new, run.changed, run.same, run.gone


def changes(run: Run) -> list[tuple[str, str]]:
    return [(one.what, one.discrepancy.subject) for one in queries.changes(run)]


@pytest.fixture
def first(booking: Booking, clerk: Clerk) -> Run:
    """One line that agrees, one of a wrong amount, a ghost, and a ticket that nobody tells of."""
    document(booking, "0002000000004")
    return clerk.compares(
        [
            line(document(booking, "0002000000001")),
            line(document(booking, "0002000000002"), gross="100.00"),
            line(document(booking, "0002000000003", provider="duffel"), order_id="ord_ghost"),
        ]
    )


def test_nothing_has_happened(first: Run) -> None:
    ids = set(Discrepancy.objects.values_list("pk", flat=True))
    second = again(first)
    assert (diff(first), diff(second), changes(second)) == ((3, 0, 0, 0), (0, 0, 3, 0), [])
    assert set(Discrepancy.objects.values_list("pk", flat=True)) == ids
    assert (second.counts, second.totals, second.previous) == (first.counts, first.totals, first)
    assert {one.last_seen for one in Discrepancy.objects.all()} == {second}
    assert {one.first_seen for one in Discrepancy.objects.all()} == {first}


def test_what_was_mended_is_gone(first: Run, booking: Booking) -> None:
    booking.issued_documents.filter(number="0002000000002").update(amount_minor=10_000)
    second = again(first)
    assert (diff(second), changes(second)) == ((0, 0, 2, 1), [("gone", "line 3")])
    gone = Discrepancy.objects.get(subject="line 3")
    assert (gone.state, gone.notes.get().text) == (CaseState.GONE, "run 2 does not find it any more")
    assert diff(again(first)) == (0, 0, 2, 0)


def test_all_are_gone_at_once(first: Run, booking: Booking) -> None:
    Discrepancy.objects.filter(subject="line 3").update(state=CaseState.WRITTEN_OFF)
    ghost = Discrepancy.objects.get(subject="line 4")
    queries.lines(first.statement).filter(ticket_number="0002000000003").delete()
    booking.issued_documents.filter(number="0002000000002").update(amount_minor=10_000)
    booking.issued_documents.filter(number="0002000000004").delete()
    second = again(first)
    assert (diff(second), len(changes(second))) == ((0, 0, 0, 3), 3)
    assert sorted(Discrepancy.objects.values_list("state", flat=True)) == ["gone", "gone", "written_off"]
    assert [(note.before, note.after, note.text, note.author_id) for note in ghost.notes.all()] == [
        ("open", "gone", "run 2 does not find it any more", None)
    ]
    assert not Discrepancy.objects.get(subject="line 3").notes.exists()
    assert diff(again(first)) == (0, 0, 0, 0)


def test_several_are_otherwise_at_once(first: Run, booking: Booking) -> None:
    ended = Discrepancy.objects.get(subject="line 3")
    Discrepancy.objects.filter(pk=ended.pk).update(state=CaseState.WRITTEN_OFF)
    booking.issued_documents.filter(number__in=["0002000000002", "0002000000004"]).update(amount_minor=20_000)
    second = again(first)
    assert (diff(second), len(changes(second))) == ((0, 2, 1, 0), 2)
    assert {(one.state, one.last_seen) for one in Discrepancy.objects.all()} == {(CaseState.OPEN, second)}
    assert sorted(Discrepancy.objects.values_list("version", flat=True)) == [0, 1, 1]
    assert [(note.before, note.after, note.text, note.author_id) for note in DiscrepancyNote.objects.all()] == [
        ("written_off", "open", "run 2 finds it otherwise", None)
    ]
    assert diff(again(first)) == (0, 0, 3, 0)


def test_how_many_there_are_makes_no_statement_more(first: Run, booking: Booking) -> None:
    """A hundred thousand of them are as many round trips as one."""

    def asked(numbers: list[str], minor: int) -> int:
        booking.issued_documents.filter(number__in=numbers).update(amount_minor=minor)
        with CaptureQueriesContext(connection) as asked:
            run = again(first)
        assert run.changed == len(numbers)
        return len(asked)

    assert asked(["0002000000002"], 20_000) == asked(["0002000000002", "0002000000004"], 30_000)


def test_what_comes_back_is_open_again(first: Run, booking: Booking) -> None:
    rows = booking.issued_documents.filter(number="0002000000002")
    rows.update(amount_minor=10_000)
    again(first)
    rows.update(amount_minor=11_870)
    third = again(first)
    assert (diff(third), changes(third)) == ((0, 1, 2, 0), [("back", "line 3")])
    one = Discrepancy.objects.get(subject="line 3")
    assert (one.state, one.notes.get(before=CaseState.GONE).text) == (CaseState.OPEN, "run 3 finds it again")


def test_what_is_otherwise_is_told_with_both_values(first: Run, booking: Booking) -> None:
    booking.issued_documents.filter(number="0002000000002").update(amount_minor=20_000)
    second = again(first)
    assert diff(second) == (0, 1, 2, 0)
    change = second.changes.get()
    assert (change.before["ours"]["amount_minor"], change.after["ours"]["amount_minor"]) == (11_870, 20_000)
    assert Discrepancy.objects.get(subject="line 3").at_risk_minor == 10_000
    assert ties(second)


def test_what_is_new(first: Run, booking: Booking) -> None:
    late = document(booking, "0002000000009")
    second = again(first)
    assert (diff(second), changes(second)) == ((1, 0, 3, 0), [("new", f"document {late.pk}")])
    change = second.changes.get()
    one = change.discrepancy
    assert change.before == {}
    assert change.after == {"class": one.category, "tier": one.tier, "ours": one.ours, "theirs": {}}


@pytest.mark.parametrize("ended", [CaseState.RESOLVED, CaseState.WRITTEN_OFF])
def test_what_a_person_has_ended_stays_so(ended: CaseState, first: Run) -> None:
    Discrepancy.objects.filter(subject="line 3").update(state=ended, resolution="written_off")
    assert diff(again(first)) == (0, 0, 3, 0)
    one = Discrepancy.objects.get(subject="line 3")
    assert (one.state, one.resolution) == (ended, "written_off")


def test_unless_it_is_something_else_by_then(first: Run, booking: Booking) -> None:
    """How it was ended is no longer told of it either."""
    Discrepancy.objects.filter(subject="line 3").update(state=CaseState.RESOLVED, resolution="accepted_theirs")
    booking.issued_documents.filter(number="0002000000002").update(amount_minor=20_000)
    again(first)
    one = Discrepancy.objects.get(subject="line 3")
    assert (one.state, one.resolution) == (CaseState.OPEN, "")


def test_by_the_rules_in_force(first: Run) -> None:
    tolerances: dict[str, Any] = {"EUR": {"gross": 2_000}}
    Rules.objects.create(version=1, tolerances=tolerances, reason="Very kind.", created_at=clock.now())
    second = again(first)
    assert (diff(second), ties(second), second.rules and second.rules.version) == ((0, 0, 2, 1), True, 1)
    assert first.rules is None


def test_lines_keep_their_newest_class(first: Run, booking: Booking) -> None:
    booking.issued_documents.filter(number="0002000000001").delete()
    second = again(first)
    assert queries.lines(first.statement)[0].outcome == "ticket_missing"
    assert classes(second)["line 2"] == "ticket_missing"


def test_somebody_who_stands_by_is_told_in_the_same_transaction(first: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: Run) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(matching, "AFTER_A_RUN", [breaks])
    with pytest.raises(ZeroDivisionError):
        again(first)
    assert list(Run.objects.order_by("number").values_list("state", flat=True)) == ["done", "running"]
