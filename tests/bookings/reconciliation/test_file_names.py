"""A file is shown by the name that it was sent with, as far as that can be seen."""

import io

import pytest

from bookings.reconciliation import services
from bookings.reconciliation.services import Kept, Sender
from movmo.kit import clock
from tests.bookings.reconciliation.scene import FIRST, LAST, csv_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("march.csv", "march.csv"),
        ("bill\u202evsc.exe\x00", "bill vsc.exe"),  # which would be shown as billexe.csv
        ("a\nb\u200b.csv", "a b .csv"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_a_name_is_what_it_looks_like(sent: str, shown: str) -> None:
    content = csv_of([{"kind": "sale", "order_id": "ord_1", "currency": "EUR", "gross": "118.70"}])
    statement = services.receive(io.BytesIO(content), Kept(sent, FIRST, LAST), by=Sender("sandbox"), now=clock.now())
    assert statement.file_name == shown
