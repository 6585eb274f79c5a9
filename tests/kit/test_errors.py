"""The error tree: one owner for each code, and every refusal can be told again."""

import string

import pytest

from movmo.kit.errors import (
    LONGEST_POINTER,
    MOST_FIELDS,
    DomainError,
    InvalidArguments,
    Kind,
    NotFound,
    all_errors,
    by_code,
    revive,
)

EVERY_ERROR = list(all_errors().values())


def facts_named_by(error: type[DomainError]) -> dict[str, str]:
    return {name: "…" for _, name, _, _ in string.Formatter().parse(error.message) if name}


def test_a_code_has_one_owner() -> None:
    with pytest.raises(TypeError, match="both claim the code 'not_found'"):

        class AlsoNotFound(DomainError):
            kind = Kind.NOT_FOUND
            code = "not_found"
            message = "Somebody else's code."
            hint = "Choose another."


def test_a_refusal_is_revived_as_it_was_raised() -> None:
    raised = NotFound("offer")
    told_again = revive(raised.code, raised.facts)
    assert (type(told_again), told_again.text, told_again.facts) == (NotFound, raised.text, raised.facts)


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: error.code)
def test_every_error_can_be_revived_from_the_facts_that_its_message_names(error: type[DomainError]) -> None:
    told_again = revive(error.code, error.example or facts_named_by(error))
    assert isinstance(told_again, error)
    assert "{" not in told_again.text


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: error.code)
def test_every_error_says_what_to_do_next(error: type[DomainError]) -> None:
    assert error.hint.endswith((".", "!", "?"))
    assert error.message.endswith(".")
    assert error.kind in Kind


def test_an_unknown_code_has_no_owner() -> None:
    with pytest.raises(KeyError):
        by_code("no_such_code")


def test_wrong_fields_are_named_by_pointer() -> None:
    refusal = InvalidArguments({"/a": "Wrong.", "/b/0": "Wrong too."})
    assert refusal.fields == {"/a": "Wrong.", "/b/0": "Wrong too."}
    assert refusal.text == "The request has 2 invalid field(s)."


def test_of_countless_fields_some_are_told_and_all_are_counted() -> None:
    refusal = InvalidArguments({f"/{number}{'a' * 1_000}": "Wrong." for number in range(1_000)})
    assert refusal.text == "The request has 1000 invalid field(s)."
    assert len(refusal.fields) == MOST_FIELDS
    assert {len(pointer) for pointer in refusal.fields} == {LONGEST_POINTER}
