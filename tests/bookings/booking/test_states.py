"""The life of a booking."""

from itertools import product

import pytest

from bookings.booking.states import DECIDED, LIVE, OPEN, OVER, TRANSITIONS, IllegalTransition, State, check


def test_every_state_is_decided_open_or_with_our_staff() -> None:
    assert DECIDED | set(OPEN) | {State.MANUAL_REVIEW} == set(State)
    assert not DECIDED & set(OPEN)


def test_what_is_over_stays_over() -> None:
    for state in OVER - {State.FAILED}:
        assert TRANSITIONS[state] == frozenset()


def test_a_live_booking_never_goes_back_to_being_sent() -> None:
    for state in LIVE:
        # By way of the bank's question only a hold's payment comes back, and that goes on where it was.
        assert not reachable_from(state, not_by=State.REQUIRES_ACTION) & {State.RESERVED, State.SUBMITTING}


def test_a_failed_booking_goes_to_a_person_when_an_order_comes_in_after_all() -> None:
    assert TRANSITIONS[State.FAILED] == {State.MANUAL_REVIEW}


def test_every_open_state_can_still_be_decided() -> None:
    for state in OPEN:
        assert reachable_from(state) & OVER
        assert reachable_from(state) >= LIVE


def test_nothing_is_sent_again_without_a_look_up_first() -> None:
    into_submitting = {before for before in State if State.SUBMITTING in TRANSITIONS[before]}
    into_reserved = {before for before in State if State.RESERVED in TRANSITIONS[before]}
    assert into_submitting == {State.RESERVED}
    assert into_reserved == {State.UNKNOWN, State.REQUIRES_ACTION}  # of which the latter was never sent


def reachable_from(state: State, *, not_by: State | None = None) -> set[State]:
    reachable, before = {state}, set[State]()
    while reachable != before:
        before = set(reachable)
        reachable |= {after for known in before - {not_by} for after in TRANSITIONS[known]}
    return reachable


@pytest.mark.parametrize(("before", "after"), list(product(State, State)))
def test_the_table_and_nothing_else_is_legal(before: State, after: State) -> None:
    if after in TRANSITIONS[before]:
        check(before, after)
    else:
        with pytest.raises(IllegalTransition, match=f"{before} → {after}"):
            check(before, after)
