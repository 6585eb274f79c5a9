"""A partner orders its own rows, reads how far they are, and gets no others."""

import time
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import pytest

from bookings.booking.document.models import BookingDocument
from bookings.booking.document.schemas import DocumentKind
from bookings.booking.models import Booking
from bookings.export import services
from bookings.export.models import Export
from bookings.export.schemas import ExportList, ExportView
from bookings.export.services import BomNotOfFormat, ExportsWaiting, FilterNotOfDataset
from bookings.reconciliation.states import CaseState, Class
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.operations.context import Caller
from movmo.operations.dispatch import dispatch
from movmo.operations.models import Event
from partners.partner.models import Partner
from tests.bookings.export.scene import Folder, changed, made, ordered, rows_of, usage, with_key, written
from tests.contract.world import World, new_key, the, view_of
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def read(caller: Caller, export: Export) -> ExportView:
    return view_of(ExportView, dispatch(the("get_export"), caller, {"export_id": str(export.pk)}))


def test_an_export_is_ordered_written_and_told(world: World, aviare: Partner) -> None:
    world.booking()
    key = with_key(aviare)
    export = ordered(key)
    before = read(key, export)
    assert (before.status, before.as_of, before.row_count, before.file_expires_at) == ("ordered", None, None, None)
    written(export)
    told = read(key, export)
    assert (told.status, told.row_count, told.rows_written, told.rows_expected) == ("ready", 1, 1, 1)
    assert told.as_of is not None
    assert told.bytes == export.byte_count
    assert told.file_expires_at is not None and told.finished_at is not None
    assert told.file_expires_at - told.finished_at == timedelta(days=7)
    event = Event.objects.get(subject_id=export.pk)
    assert (event.type, event.partner_id, event.is_live) == ("export.ready.v1", aviare.pk, False)
    assert event.payload["row_count"] == 1


def test_only_one_s_own_rows_are_in_it(world: World, aviare: Partner, kestrel: Partner, folder: Folder) -> None:
    mine, theirs = world.booking(), world.booking()
    changed(theirs.booking_id, partner_id=kestrel.pk)
    made(with_key(aviare))
    assert [row["booking_id"] for row in rows_of(folder.only())] == [str(mine.booking_id)]


def test_a_test_key_gets_test_bookings_and_a_live_key_live_ones(world: World, aviare: Partner, folder: Folder) -> None:
    of_test, of_live = world.booking(), world.booking()
    changed(of_live.booking_id, provider="duffel")
    found = []
    for live in (False, True):
        export = made(with_key(aviare, live=live))
        found.append([row["booking_id"] for row in rows_of((folder.finished / export.file).read_bytes())])
    assert found == [[str(of_test.booking_id)], [str(of_live.booking_id)]]


def test_filters_hold_together(world: World, aviare: Partner, folder: Folder) -> None:
    kept, failed, old = world.booking(), world.booking(), world.booking()
    changed(failed.booking_id, state="failed")
    since = Booking.objects.get(pk=kept.booking_id).created_at - timedelta(days=1)
    changed(old.booking_id, created_at=since - timedelta(microseconds=1))
    filters = {"status": "ticketed", "provider": "sandbox", "since": since.isoformat()}
    made(with_key(aviare), filters=filters)
    assert [row["booking_id"] for row in rows_of(folder.only())] == [str(kept.booking_id)]


def test_days_of_usage_are_whole_days(aviare: Partner, folder: Folder) -> None:
    usage(aviare, "get_usage")
    key = with_key(aviare)
    until = {"until": "2027-02-28T00:00:00Z"}, {"until": "2027-02-28T00:00:01Z"}, {"since": "2027-02-28T23:00:00Z"}
    assert [made(key, "usage", filters=one).row_count for one in until] == [0, 1, 1]


def test_the_calendar_begins_and_ends_somewhere(aviare: Partner) -> None:
    usage(aviare, "get_usage")
    filters = {"until": "0001-01-01T00:00:00Z"}
    assert [made(with_key(aviare), "usage", format=one, filters=filters).row_count for one in ("csv", "xlsx")] == [0, 0]
    assert services.filters_of_days({"since": date.min, "until": date.max}).model_dump(exclude_none=True) == {
        "since": datetime(1, 1, 1, tzinfo=UTC)
    }


def test_staff_say_days_and_the_last_one_is_in_it() -> None:
    day = date(2027, 3, 1)
    filters = services.filters_of_days({"since": day, "until": day})
    assert filters.since == datetime(2027, 3, 1, tzinfo=UTC)
    assert filters.until == datetime(2027, 3, 2, tzinfo=UTC)


def test_passengers_are_masked(world: World, aviare: Partner, folder: Folder) -> None:
    world.booking()
    made(with_key(aviare), "passengers")
    (row,) = rows_of(folder.only())
    assert (row["family_name"], row["type"]) == ("A•••", "ADT")
    assert row["given_name"] == "A•••"
    assert "Andersson" not in folder.only().decode()
    assert len(row["birth_year"]) == 4


def test_an_address_is_masked_but_for_its_domain(world: World, aviare: Partner, folder: Folder) -> None:
    from bookings.passenger.models import Passenger

    world.booking()
    Passenger.objects.update(email="ana.private@example.com")
    made(with_key(aviare), "passengers")
    assert [row["email"] for row in rows_of(folder.only())] == ["a•••@example.com"]


def test_documents_tie_with_their_booking(world: World, aviare: Partner, folder: Folder) -> None:
    booking = world.booking()
    made(with_key(aviare), "documents", filters={"kind": "ticket"})
    rows = rows_of(folder.only())
    assert [row["number"] for row in rows] == [document.number for document in booking.documents]
    assert {(row["booking_id"], row["amount"], row["currency"]) for row in rows} == {
        (str(booking.booking_id), booking.total.amount, booking.total.currency)
    }


def test_discrepancies_of_nobody_are_none(aviare: Partner) -> None:
    assert made(with_key(aviare), "discrepancies", filters={"discrepancy_class": "adm"}).row_count == 0


@pytest.mark.parametrize(
    ("dataset", "filters"),
    [
        ("usage", {"status": "ticketed"}),
        ("bookings", {"operation": "get_usage"}),
        ("documents", {"discrepancy_class": "adm"}),
    ],
)
def test_a_filter_of_another_dataset_is_refused(aviare: Partner, dataset: str, filters: dict[str, str]) -> None:
    with pytest.raises(FilterNotOfDataset) as refusal:
        ordered(with_key(aviare), dataset, filters=filters)
    assert set(refusal.value.fields) == {f"/filters/{name}" for name in filters}
    assert "partner" not in refusal.value.facts["known"]
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        {"dataset": "audit"},
        {"filters": {"partner": "0199a5b0-7c00-7000-8000-000000000000"}},
        {"format": "xls"},
        {"filters": {"status": "nonsense"}},
        {"filters": {"since": "2027-01-01"}},
        {"filters": {"since": "2027-01-01T00:00:00"}},
        {"dataset": "bookings; DROP TABLE booking"},
        {"filters": {"operation": "x' OR 1=1 --"}},
    ],
)
def test_what_is_no_partner_s_to_choose_is_refused(aviare: Partner, arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidArguments):
        ordered(with_key(aviare), **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("dataset", "name", "words"),
    [
        ("documents", "kind", DocumentKind),
        ("discrepancies", "discrepancy_class", Class),
        ("discrepancies", "discrepancy_status", CaseState),
    ],
)
def test_a_word_that_is_none_of_ours_is_refused_with_those_that_are(
    aviare: Partner, dataset: str, name: str, words: type[StrEnum]
) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        ordered(with_key(aviare), dataset, filters={name: "nonsense"})
    (told,) = refusal.value.fields.items()
    assert told[0] == f"/filters/{name}"
    assert [word for word in words if f"'{word}'" not in told[1]] == []
    assert not Export.objects.exists()
    for word in words:
        ordered(with_key(aviare), dataset, filters={name: word.value})
        Export.objects.all().delete()


def test_the_kinds_of_a_document_are_those_of_its_rows() -> None:
    assert [word.value for word in DocumentKind] == BookingDocument.Kind.values


def test_a_byte_order_mark_is_for_csv(aviare: Partner) -> None:
    with pytest.raises(BomNotOfFormat):
        ordered(with_key(aviare), format="jsonl", bom=True)


def test_some_wait_and_no_more(aviare: Partner, kestrel: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_WAITING", 2)
    key = with_key(aviare)
    for _ in range(2):
        ordered(key, "usage")
    with pytest.raises(ExportsWaiting):
        ordered(key, "usage")
    ordered(with_key(kestrel), "usage")
    written(Export.objects.earliest("id"))
    ordered(key, "usage")


def test_not_one_more_waits_when_all_are_ordered_at_once(aviare: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sees that there is room before any has written: on either database one comes after the other."""
    monkeypatch.setattr(services, "MOST_WAITING", 3)
    key = with_key(aviare)
    for _ in range(2):
        ordered(key, "usage")
    reads = slowed(monkeypatch)
    told = together(*[lambda: ordered(key, "usage")] * 6)
    assert reads, "nobody was slow"
    assert [type(one) for one in told if isinstance(one, Exception)] == [ExportsWaiting] * 5
    assert Export.objects.count() == 3


def slowed(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Between what an order has read and what it writes, time passes."""
    save, reads = services._save, list[None]()

    def slowly(export: Export) -> None:
        reads.append(None)
        time.sleep(0.2)
        save(export)

    monkeypatch.setattr(services, "_save", slowly)
    return reads


def test_the_same_key_is_the_same_export(aviare: Partner) -> None:
    key, idempotency_key = with_key(aviare), new_key()
    first, again = (dispatch(the("create_export"), key, {"dataset": "usage"}, idempotency_key) for _ in range(2))
    assert again.replayed
    assert view_of(ExportView, first).export_id == view_of(ExportView, again).export_id
    assert Export.objects.count() == 1


def test_others_exports_are_not_there(aviare: Partner, kestrel: Partner) -> None:
    export = made(with_key(aviare), "usage")
    for stranger in (with_key(kestrel), with_key(aviare, live=True)):
        for name in ("get_export", "create_export_link"):
            with pytest.raises(NotFound):
                dispatch(the(name), stranger, {"export_id": str(export.pk)}, new_key() if "create" in name else None)
        assert view_of(ExportList, dispatch(the("list_exports"), stranger, {})).data == []


def test_a_list_is_paged_newest_first_and_by_state(aviare: Partner) -> None:
    key = with_key(aviare)
    first, second = made(key, "usage"), ordered(key, "usage")
    page = view_of(ExportList, dispatch(the("list_exports"), key, {"limit": 1}))
    assert [one.export_id for one in page.data] == [second.pk]
    rest = view_of(ExportList, dispatch(the("list_exports"), key, {"limit": 1, "cursor": page.next_cursor}))
    assert [one.export_id for one in rest.data] == [first.pk]
    ready = view_of(ExportList, dispatch(the("list_exports"), key, {"status": "ready"}))
    assert [one.export_id for one in ready.data] == [first.pk]
