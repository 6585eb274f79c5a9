"""What is read out of a sentence."""

import pytest

from movmo.demo.agent import words
from movmo.demo.agent.words import Step

NAMES = {"find", "show", "fill", "buy", "look"}


@pytest.mark.parametrize(
    ("description", "steps"),
    [
        ("Finds. Next: show for the chosen one, then fill for each of its rows.", [Step("show"), Step("fill", True)]),
        ("Not find. Next: when every row is full, buy.", [Step("buy")]),
        ("Buys. Next, while it is open: look again.", [Step("look")]),
        ("Use it after find.", []),
    ],
)
def test_what_comes_next(description: str, steps: list[Step]) -> None:
    assert words.what_is_next(description, NAMES) == steps


@pytest.mark.parametrize(
    ("description", "status", "is_open"),
    [
        ("While the answer's status is other than `done`, `held` or `failed`, wait.", "held", False),
        ("While the answer's status is other than `done`, `held` or `failed`, wait.", "pending", True),
        ("While the answer's status is `ending` the airline has not decided.", "ending", True),
        ("While the answer's status is `ending` the airline has not decided.", "ended", False),
        ("Nothing is said of it.", "ended", False),
    ],
)
def test_whether_an_answer_is_the_last_word(description: str, status: str, is_open: bool) -> None:
    assert words.is_open(description, status) is is_open


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ("Show them `link`. Then repeat this very call, with the same key. look tells how it stands.", "repeats"),
        ("Read it with look. Once that is decided, send this call again.", "repeats"),
        ("Do not try it another way. Only if they change their mind: call with a new idempotency_key.", "stops"),
        ("Ask them. If so, make the call with a new idempotency_key: they are asked anew.", "takes_new_key"),
        ("Nothing was bought. Show it and buy with a new key.", "takes_new_key"),
    ],
)
def test_what_a_hint_says_first(hint: str, expected: str) -> None:
    read = words.advice(hint, NAMES, ["link"])
    first = next(one for one in ("stops", "repeats", "takes_new_key") if getattr(read, one))
    assert first == expected
    assert read.shown == (["link"] if "`link`" in hint else [])
