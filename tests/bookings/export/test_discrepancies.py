"""Discrepancies as a file: what a comparison found, typed and guarded, and only of whoever it concerns."""

import json
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO

import pytest
from pyarrow import parquet

from bookings.booking.models import Booking
from bookings.export.models import Export
from bookings.export.services import FilterNotOfDataset
from bookings.reconciliation.models import Discrepancy
from movmo.kit.errors import InvalidArguments
from partners.partner.models import Partner
from tests.bookings.export.scene import Folder, made, ordered, rows_of, with_key
from tests.bookings.reconciliation.conftest import book  # noqa: F401  (a fixture)
from tests.bookings.reconciliation.scene import Clerk, document, line

pytestmark = pytest.mark.django_db(transaction=True)


def compared(booking: Booking, number: str, partner: Partner | None, **told: str) -> Discrepancy:
    """The one thing in which a statement of the partner's differs; without a partner it is the house's own."""
    run = Clerk(partner=partner).compares([line(document(booking, number), **told)])
    return Discrepancy.objects.exclude(category="missing_at_provider").get(statement=run.statement)


@pytest.fixture
def found(book: Callable[..., Booking], aviare: Partner) -> Discrepancy:  # noqa: F811
    """A ticket that the provider tells of at another price."""
    return compared(book(), "0002000000001", aviare, gross="118.71")


def test_a_discrepancy_tells_both_sides(found: Discrepancy, aviare: Partner, folder: Folder) -> None:
    assert made(with_key(aviare), "discrepancies").row_count == 1
    (row,) = rows_of(folder.only())
    assert row["discrepancy_id"] == str(found.pk)
    assert (row["class"], row["status"], row["resolution"]) == ("amount_mismatch", "open", "")
    assert (row["ours"], row["ours_currency"]) == ("118.70", "EUR")
    assert (row["theirs"], row["theirs_currency"]) == ("118.71", "EUR")
    assert (row["at_risk"], row["currency"], row["partner"]) == ("0.01", "EUR", "aviare")
    assert (row["document_id"], row["booking_id"]) == (str(found.document_id), str(found.booking_id))
    assert (row["period_start"], row["period_end"]) == ("2027-02-01", "2027-02-28")
    assert row["explanation"] == found.explanation
    assert row["created_at"].endswith("Z")


def test_for_programs_it_is_typed(found: Discrepancy, aviare: Partner, folder: Folder) -> None:
    export = made(with_key(aviare), "discrepancies", format="parquet")
    (row,) = parquet.read_table(BytesIO((folder.finished / export.file).read_bytes())).to_pylist()
    assert (row["theirs"], row["at_risk"]) == (Decimal("118.7100"), Decimal("0.0100"))
    export = made(with_key(aviare), "discrepancies", format="jsonl")
    told = json.loads((folder.finished / export.file).read_bytes())
    assert (told["theirs"], told["at_risk"], told["class"]) == ("118.71", "0.01", "amount_mismatch")


def test_what_a_file_is_called_runs_nowhere(found: Discrepancy, aviare: Partner, folder: Folder) -> None:
    type(found.statement).objects.update(file_name="=1+1.csv")
    made(with_key(aviare), "discrepancies")
    assert [row["statement"] for row in rows_of(folder.only())] == ["'=1+1.csv"]


def test_each_partner_gets_what_its_own_statements_differ_in(
    found: Discrepancy,
    book: Callable[..., Booking],  # noqa: F811
    aviare: Partner,
    kestrel: Partner,
    folder: Folder,
) -> None:
    theirs = book(partner_id=kestrel.pk)
    of_another = compared(theirs, "0002000000002", kestrel, tax="18.69")
    of_the_house = compared(theirs, "0002000000003", None, tax="18.68")
    assert len({found.pk, of_another.pk, of_the_house.pk}) == 3
    for partner, expected in ((aviare, found), (kestrel, of_another)):
        export = made(with_key(partner), "discrepancies")
        rows = rows_of((folder.finished / export.file).read_bytes())
        assert [row["discrepancy_id"] for row in rows] == [str(expected.pk)]


def test_a_live_key_has_none_of_the_sandbox_s(found: Discrepancy, aviare: Partner) -> None:
    assert made(with_key(aviare, live=True), "discrepancies").row_count == 0


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        ({"discrepancy_class": "amount_mismatch"}, 1),
        ({"discrepancy_class": "adm"}, 0),
        ({"discrepancy_status": "open", "provider": "sandbox"}, 1),
        ({"discrepancy_status": "resolved"}, 0),
        ({"since": "2099-01-01T00:00:00Z"}, 0),
        ({"until": "2099-01-01T00:00:00Z"}, 1),
    ],
)
def test_filters_choose(found: Discrepancy, aviare: Partner, filters: dict[str, str], rows: int) -> None:
    assert made(with_key(aviare), "discrepancies", filters=filters).row_count == rows


@pytest.mark.parametrize("name", ["statement_id", "booking_id"])
class TestByWhatItIsAbout:
    """As list_discrepancies has it."""

    def test_what_is_about_it_is_chosen(
        self,
        found: Discrepancy,
        book: Callable[..., Booking],  # noqa: F811
        aviare: Partner,
        folder: Folder,
        name: str,
    ) -> None:
        other = compared(book(), "0002000000002", aviare, gross="118.72")
        for one in (found, other):
            export = made(with_key(aviare), "discrepancies", filters={name: str(getattr(one, name))})
            chosen = {row["discrepancy_id"] for row in rows_of((folder.finished / export.file).read_bytes())}
            wanted = Discrepancy.objects.filter(**{name: getattr(one, name)})
            assert chosen == {str(row.pk) for row in wanted}
            assert len(chosen) < Discrepancy.objects.count()

    def test_of_nobody_s_is_none(self, found: Discrepancy, aviare: Partner, name: str) -> None:
        assert made(with_key(aviare), "discrepancies", filters={name: str(found.pk)}).row_count == 0

    def test_another_partner_s_is_none(self, found: Discrepancy, aviare: Partner, kestrel: Partner, name: str) -> None:
        filters = {name: str(getattr(found, name))}
        assert made(with_key(kestrel), "discrepancies", filters=filters).row_count == 0

    @pytest.mark.parametrize("value", ["", "1", "nonsense", "' OR 1=1 --", ["a"], {"a": 1}, 7])
    def test_what_is_no_id_is_refused_by_its_place(self, aviare: Partner, name: str, value: object) -> None:
        with pytest.raises(InvalidArguments) as refusal:
            ordered(with_key(aviare), "discrepancies", filters={name: value})
        assert set(refusal.value.fields) == {f"/filters/{name}"}
        assert not Export.objects.exists()

    def test_other_datasets_have_no_such_filter(self, found: Discrepancy, aviare: Partner, name: str) -> None:
        with pytest.raises(FilterNotOfDataset):
            ordered(with_key(aviare), "bookings", filters={name: str(getattr(found, name))})
        assert not Export.objects.exists()
