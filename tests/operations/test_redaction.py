"""Redaction sits on the type, wherever the type stands."""

from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, EmailStr, Field

from movmo.operations.redaction import MASK, Redacted, redact

Secret = Annotated[str, Redacted]
HUNTER2 = "hunter2"


class Inner(BaseModel):
    shown: str = "shown"
    hidden: Secret = HUNTER2


class Everywhere(BaseModel):
    plain: str = "shown"
    number: int = 7
    day: date = date(2027, 3, 1)
    hidden: Secret = HUNTER2
    maybe: Secret | None = HUNTER2
    annotated_maybe: Annotated[str | None, Redacted] = HUNTER2
    with_field: Annotated[EmailStr, Redacted] | None = Field(default=f"{HUNTER2}@example.com", description="…")
    marked_by_instance: Annotated[str, Redacted()] = HUNTER2
    hidden_list: Annotated[list[str], Redacted] = [HUNTER2]
    list_of_hidden: list[Secret] = [HUNTER2]
    maybe_list_of_hidden: list[Secret] | None = [HUNTER2]
    dict_of_hidden: dict[str, Secret] = {"a": HUNTER2}
    tuple_of_hidden: tuple[int, Secret] = (1, HUNTER2)
    nested: Inner = Inner()
    maybe_nested: Inner | None = Inner()
    list_of_nested: list[Inner] = [Inner(), Inner()]
    dict_of_nested: dict[str, Inner] = {"a": Inner()}
    lists_of_lists: list[list[Secret]] = [[HUNTER2]]
    absent: Secret | None = None


@pytest.mark.parametrize("field", sorted(Everywhere.model_fields))
def test_no_secret_is_written_down_wherever_it_stands(field: str) -> None:
    assert HUNTER2 not in repr(redact(Everywhere()).get(field))


def test_what_is_not_marked_is_kept_as_json() -> None:
    kept = redact(Everywhere())
    assert (kept["plain"], kept["number"], kept["day"]) == ("shown", 7, "2027-03-01")
    assert kept["nested"] == kept["maybe_nested"] == {"shown": "shown", "hidden": MASK}
    assert kept["list_of_nested"] == [{"shown": "shown", "hidden": MASK}] * 2


def test_a_masked_value_s_presence_stays_visible_and_an_absent_one_is_left_out() -> None:
    kept = redact(Everywhere())
    assert kept["hidden"] == MASK
    assert "absent" not in kept


@pytest.mark.parametrize("value", [0, False, ""])
def test_an_empty_secret_is_masked_too(value: Any) -> None:
    class Anything(BaseModel):
        hidden: Annotated[Any, Redacted]

    assert redact(Anything(hidden=value)) == {"hidden": MASK}
