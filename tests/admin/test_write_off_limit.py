"""Who ends discrepancies does not say how much one person alone may end: that would make one person of two."""

from typing import Any

import pytest
from django.test import Client

from bookings.reconciliation.models import Rules
from bookings.reconciliation.resolution import ruling
from bookings.reconciliation.resolution.models import Countersignature
from bookings.reconciliation.resolution.refusals import LimitReserved
from bookings.reconciliation.resolution.schemas import By
from movmo.accounts.models import User
from movmo.kit import clock
from tests.admin.finance import WHY, act, clerk, page
from tests.bookings.reconciliation import books

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fay(db: None) -> tuple[User, Client]:
    return clerk("finance", "fay@movmo.example")


def made(office: Client, *lines: str) -> Any:
    return office.post(page("rules_new"), {"tolerances": "\n".join(lines), "reason": WHY})


def test_finance_cannot_raise_it_and_write_off_alone(fay: tuple[User, Client]) -> None:
    one = books.discrepancy()
    answer = made(fay[1], "EUR write_off 5000.00")
    assert answer.status_code == 422
    assert "end more than before: EUR write_off 0.00 to 5000.00" in answer.content.decode()
    assert not Rules.objects.exists()
    act(fay[1], one, "write_off")
    one.refresh_from_db()
    assert one.state == "open"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"EUR": {"write_off": 5_000}}, ["EUR write_off 50.01"]),
        ({"EUR": {"write_off": 5_000}}, ["EUR write_off 50.00", "USD write_off 0.01"]),
        ({"EUR": {"write_off": 5_000}}, ["EUR write_off 50.00", "* write_off 1"]),
        # Without a limit of its own a currency has that of all others.
        ({"EUR": {"write_off": 0}, "*": {"write_off": 9_000}}, ["EUR gross 0.05", "* write_off 9000"]),
    ],
    ids=["more", "another currency", "all others", "by leaving it out"],
)
def test_every_way_to_raise_it_is_reserved(
    fay: tuple[User, Client], before: dict[str, dict[str, int]], after: list[str]
) -> None:
    books.rules(**before)
    assert made(fay[1], *after).status_code == 422
    assert Rules.objects.count() == 1


def test_finance_lowers_it_and_changes_what_else_there_is(fay: tuple[User, Client]) -> None:
    books.rules(EUR={"write_off": 5_000, "gross": 10})
    assert made(fay[1], "EUR gross 0.10", "EUR write_off 50.00").status_code == 302
    assert made(fay[1], "EUR gross 0.10", "EUR write_off 49.99").status_code == 302
    assert made(fay[1], "EUR gross 0.10").status_code == 302
    assert Rules.objects.count() == 4


def test_two_of_the_role_admin_raise_it(fay: tuple[User, Client]) -> None:
    ada, abe = (clerk("admin", f"{name}@movmo.example")[1] for name in ("ada", "abe"))
    assert made(ada, "EUR write_off 50.00").status_code == 302
    assert not Rules.objects.exists()
    sign = page("countersignature_sign", Countersignature.objects.get().pk)
    assert [office.post(sign, {"reason": WHY}).status_code for office in (ada, fay[1])] == [422, 403]
    assert not Rules.objects.exists()
    abe.post(sign, {"reason": WHY})
    assert Rules.objects.get().tolerances == {"EUR": {"write_off": 5_000}}


def test_the_service_refuses_it_whichever_page_asks(db: None) -> None:
    with pytest.raises(LimitReserved):
        ruling.make({"EUR": {"write_off": 1}}, reason=WHY, by=By(), now=clock.now())
