"""Public ids."""

import pytest

from movmo.kit.ids import is_id, new_id


def test_ids_are_uuids_of_version_seven() -> None:
    assert new_id().version == 7


def test_ids_arrive_in_the_order_of_time() -> None:
    made = [new_id() for _ in range(500)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_an_id_is_recognised_in_its_canonical_form() -> None:
    assert is_id(str(new_id()))
    assert is_id(str(new_id()).upper())


@pytest.mark.parametrize(
    "text", ["", "me", "12", "{0198c0de-0000-7000-8000-00000000a0aa}", "0198c0de00007000800000000000a0aa"]
)
def test_other_spellings_are_no_ids(text: str) -> None:
    assert not is_id(text)
