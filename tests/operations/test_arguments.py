"""The parse step: strict about types, exact about what is wrong, and the one place that reads idempotency keys."""

from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from pydantic import Field

from movmo.kit.errors import InvalidArguments, NotFound
from movmo.operations import arguments
from movmo.operations.arguments import (
    MOST_TOLD,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    StringArguments,
    parse,
)
from movmo.operations.context import Caller, Context, Door, Request, View
from movmo.operations.spec import GET, Effect, Idempotency
from tests.operations import toys

ID = UUID("0198c0de-0000-7000-8000-00000000a0aa")
KEY = "ana-books-once"


class Colour(StrEnum):
    RED = "red"


class Kite(Request):
    length: int = Field(description="Metres.")
    is_red: bool = Field(default=False, description="Whether it is red.")
    colour: Colour | None = Field(default=None, description="Its colour.")
    day: date | None = Field(default=None, description="When it flies.")
    maker: UUID | None = Field(default=None, description="Who made it.")
    tails: list[Request] = Field(default=[], description="Its tails.")


def fly(ctx: Context, request: Kite) -> View:
    """Fly a kite

    High.
    """
    return View()


FLY = toys.operation(fly, effect=Effect.READ, idempotency=Idempotency.NONE)
OF_A_USER = toys.operation(fly, effect=Effect.READ, idempotency=Idempotency.NONE, rest=GET("/v1/users/{user_id}/kites"))
REQUIRED = toys.operation(toys.write, idempotency=Idempotency.REQUIRED)
OPTIONAL = toys.operation(toys.write, idempotency=Idempotency.OPTIONAL)


def wrong_fields(raw: dict[str, Any]) -> set[str]:
    with pytest.raises(InvalidArguments) as caught:
        parse(FLY, toys.caller(), raw, None)
    return set(caught.value.fields)


def test_json_dates_ids_and_choices_are_read_from_strings() -> None:
    raw = {"length": 3, "colour": "red", "day": "2027-03-01", "maker": str(ID)}
    request, key = parse(FLY, toys.caller(), raw, None)
    assert request == Kite(length=3, colour=Colour.RED, day=date(2027, 3, 1), maker=ID)
    assert key is None


@pytest.mark.parametrize("wrong", ["3", 3.0, 3.5, True, None, [3]])
def test_a_json_number_is_no_string_and_no_boolean(wrong: object) -> None:
    assert wrong_fields({"length": wrong}) == {"/length"}


@pytest.mark.parametrize("wrong", ["true", 1, 0, "yes"])
def test_a_json_boolean_is_nothing_else(wrong: object) -> None:
    assert wrong_fields({"length": 1, "is_red": wrong}) == {"/is_red"}


def test_arguments_of_a_url_are_strings() -> None:
    raw = StringArguments(length="3", is_red="true", day="2027-03-01", maker=str(ID))
    request, _ = parse(FLY, toys.caller(), raw, None)
    assert request == Kite(length=3, is_red=True, day=date(2027, 3, 1), maker=ID)


def test_more_mistakes_than_anybody_reads_are_only_counted() -> None:
    """Naming a hundred thousand took seconds of a thread: one megabyte of a body holds so many."""
    assert wrong_fields({str(number): 1 for number in range(MOST_TOLD + 1)}) == {""}
    assert "/0" in wrong_fields({"length": 1, **{str(number): 1 for number in range(MOST_TOLD)}})


def test_wrong_arguments_of_a_url_are_named_too() -> None:
    with pytest.raises(InvalidArguments) as caught:
        parse(FLY, toys.caller(), StringArguments(length="three"), None)
    assert set(caught.value.fields) == {"/length"}


def test_unknown_fields_are_refused_by_pointer() -> None:
    with pytest.raises(InvalidArguments) as caught:
        parse(FLY, toys.caller(), {"length": 1, "a/b~c": 1, "tails": [{"bow": 1}]}, None)
    assert caught.value.fields == {
        "/a~1b~0c": "This field is not known here.",
        "/tails/0/bow": "This field is not known here.",
    }


def test_every_wrong_field_is_named_at_once() -> None:
    assert wrong_fields({"length": "long", "colour": "blue", "day": "soon"}) == {"/length", "/colour", "/day"}


def test_a_missing_field_is_named() -> None:
    with pytest.raises(InvalidArguments) as caught:
        parse(FLY, toys.caller(), {}, None)
    assert caught.value.fields == {"/length": "This field is required."}


def test_a_wrong_value_is_not_repeated() -> None:
    with pytest.raises(InvalidArguments) as caught:
        parse(FLY, toys.caller(), {"length": 1, "maker": toys.SECRET}, None)
    assert toys.SECRET not in str(caught.value.fields)


@pytest.mark.parametrize("odd", ["\ud800", 2**70, {1, 2}])
def test_what_cannot_be_json_is_refused(odd: object) -> None:
    assert wrong_fields({"length": odd}) == {""}


def test_bottomless_nesting_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(2_000):
        deep = [deep]
    assert wrong_fields({"length": deep}) == {""}


class TestUserId:
    @pytest.mark.parametrize("spelling", [str, lambda _: "me"])
    def test_rest_names_the_token_s_own_traveler(self, spelling: Any) -> None:
        ana = toys.caller()
        request, _ = parse(OF_A_USER, ana, StringArguments(user_id=spelling(ana.user_id), length="1"), None)
        assert request == Kite(length=1)

    @pytest.mark.parametrize("other", ["0198c0de-0000-7000-8000-00000000b0bb", "", "root", 7, ["me"]])
    def test_anybody_else_is_not_found(self, other: object) -> None:
        with pytest.raises(NotFound):
            parse(OF_A_USER, toys.caller(), {"user_id": other, "length": 1}, None)

    def test_it_may_be_left_out(self) -> None:
        parse(OF_A_USER, toys.caller(), {"length": 1}, None)

    def test_agents_do_not_send_it(self) -> None:
        with pytest.raises(InvalidArguments):
            parse(OF_A_USER, toys.caller(Door.MCP), {"user_id": "me", "length": 1}, None)

    def test_where_the_path_has_none_it_is_an_unknown_field(self) -> None:
        assert wrong_fields({"user_id": "me", "length": 1}) == {"/user_id"}


class TestIdempotencyKey:
    rest, mcp = toys.caller(), toys.caller(Door.MCP)

    def key(self, operation: Any, caller: Caller, header: str | None, **fields: Any) -> str | None:
        return parse(operation, caller, {"title": "a", **fields}, header)[1]

    @pytest.mark.parametrize("header", [KEY, f'"{KEY}"', f"  {KEY} "])
    def test_the_header_is_bare_or_quoted(self, header: str) -> None:
        assert self.key(REQUIRED, self.rest, header) == KEY

    @pytest.mark.parametrize("header", [f"{KEY},{KEY}", f'"{KEY}","{KEY}"', f'"{KEY}", "{KEY}"', "one-key,two-key"])
    def test_a_header_that_came_twice_is_refused(self, header: str) -> None:
        with pytest.raises(IdempotencyKeyInvalid) as caught:
            self.key(REQUIRED, self.rest, header)
        assert "came twice" in caught.value.text

    def test_a_comma_inside_quotes_belongs_to_the_key(self) -> None:
        assert self.key(REQUIRED, self.rest, '"ana,books,once"') == "ana,books,once"
        assert self.key(REQUIRED, self.rest, None, idempotency_key="ana,books,once") == "ana,books,once"

    def test_the_field_does_as_well(self) -> None:
        assert self.key(REQUIRED, self.rest, None, idempotency_key=KEY) == KEY
        assert self.key(REQUIRED, self.mcp, None, idempotency_key=KEY) == KEY

    def test_header_and_field_may_both_be_sent_if_they_agree(self) -> None:
        assert self.key(REQUIRED, self.rest, f'"{KEY}"', idempotency_key=KEY) == KEY

    def test_header_and_field_that_differ_are_refused(self) -> None:
        with pytest.raises(IdempotencyKeyInvalid):
            self.key(REQUIRED, self.rest, KEY, idempotency_key=KEY + "2")

    def test_a_required_key_must_be_sent(self) -> None:
        with pytest.raises(IdempotencyKeyMissing):
            self.key(REQUIRED, self.rest, None)

    def test_agents_must_send_a_key_with_every_write(self) -> None:
        with pytest.raises(IdempotencyKeyMissing):
            self.key(OPTIONAL, self.mcp, None)

    def test_partners_may_leave_an_optional_key_out(self) -> None:
        assert self.key(OPTIONAL, self.rest, None) is None

    @pytest.mark.parametrize("wrong", ["", "short", "x" * 256, "with space inside", "ümlaut-key", "tab\tinside"])
    def test_a_malformed_key_is_refused(self, wrong: str) -> None:
        with pytest.raises(IdempotencyKeyInvalid):
            self.key(REQUIRED, self.rest, wrong)
        with pytest.raises(IdempotencyKeyInvalid):
            self.key(OPTIONAL, self.mcp, None, idempotency_key=wrong)

    @pytest.mark.parametrize("wrong", [12345678, ["12345678"], {}, True])
    def test_a_key_that_is_no_string_is_refused(self, wrong: object) -> None:
        with pytest.raises(IdempotencyKeyInvalid):
            self.key(REQUIRED, self.rest, None, idempotency_key=wrong)

    @pytest.mark.parametrize("length", [8, 255])
    def test_the_shortest_and_the_longest_key_pass(self, length: int) -> None:
        assert self.key(REQUIRED, self.rest, "k" * length) == "k" * length

    def test_a_read_takes_no_key(self) -> None:
        assert parse(FLY, self.rest, {"length": 1}, KEY)[1] is None
        assert wrong_fields({"length": 1, "idempotency_key": KEY}) == {"/idempotency_key"}


def test_a_missing_key_is_told_together_with_the_other_fields() -> None:
    with pytest.raises(InvalidArguments) as caught:
        arguments.parse(toys.WRITE, toys.caller(Door.MCP), {"titel": "kite"}, None)
    assert set(caught.value.fields) == {"/title", "/titel", "/idempotency_key"}
