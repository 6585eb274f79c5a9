"""Staff export what they see, watch it being written and fetch it; others see neither the button nor the rows."""

import csv
import re
from io import StringIO
from typing import Any, cast

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from bookings.booking.document.schemas import DocumentKind
from bookings.booking.states import State
from bookings.export import making
from bookings.export.datasets import DATASETS
from bookings.export.forms import FIELDS_OF_FILTERS
from bookings.export.models import Export
from bookings.reconciliation.states import CaseState, Class
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations.models import AuditEvent
from partners.partner.models import Partner
from tests.bookings.export.conftest import folder  # noqa: F401  (a fixture)
from tests.bookings.export.scene import changed, made, usage, with_key
from tests.contract.world import World
from tests.office import clerk_with_app, entered

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/bookings/export/"
ADD = f"{LIST}add/"
ORDER = {"rows_of": "bookings", "format": "csv"}


def clerk_who_may(*codenames: str) -> Client:
    clerk = clerk_with_app("clerk@movmo.example", is_superuser=False)
    found = Permission.objects.filter(codename__in=codenames)
    assert found.count() == len(codenames)
    clerk.user_permissions.set(found)
    return entered(Client(), clerk)


def finance() -> Client:
    return clerk_who_may("add_export", "view_export", "export", "view_booking", "view_partner")


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


def page(office: Client, address: str) -> str:
    answer = office.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def file_of(office: Client, export: Export) -> str:
    answer = office.get(f"{LIST}{export.pk}/file/", follow=True)
    assert answer.status_code == 200
    text = b"".join(cast(Any, answer).streaming_content).decode()
    answer.close()
    return text


def ordered_by(office: Client, **form: str) -> Export:
    answer = office.post(ADD, {**ORDER, **form})
    assert answer.headers.get("Location") == LIST, answer.content.decode()
    return Export.objects.latest("id")


def test_from_the_order_to_the_file(office: Client, world: World, kestrel: Partner) -> None:
    one, other = world.booking(), world.booking()
    changed(other.booking_id, partner_id=kestrel.pk)
    export = ordered_by(office, has_bom="on")
    waiting = page(office, LIST)
    assert "ordered" in waiting
    assert "<progress" in waiting
    assert "data-open" in waiting
    assert f"{LIST}{export.pk}/file/" not in waiting
    making.make_due(clock=clock.now)
    assert f"{LIST}{export.pk}/file/" in page(office, LIST)
    assert "<progress" not in page(office, LIST)
    told = file_of(office, export)
    rows = list(csv.DictReader(StringIO(told.lstrip("\ufeff"))))
    assert {row["booking_id"] for row in rows} == {str(one.booking_id), str(other.booking_id)}
    assert told.startswith("\ufeff")
    export.refresh_from_db()
    record = page(office, f"{LIST}{export.pk}/change/")
    assert export.sha256 in record.replace("<wbr>", "")
    assert "all rows" in record
    lines = AuditEvent.objects.filter(resource_id=export.pk).order_by("id").values_list("operation", "code", "user_id")
    assert list(lines) == [
        ("create_export", "done", export.clerk_id),
        ("download_export", "done", export.clerk_id),
    ]


def test_filters_are_those_of_the_dataset(office: Client, world: World, aviare: Partner) -> None:
    world.booking()
    form = {"status": "ticketed", "of_partner": str(aviare.pk), "first_day": "2020-01-01", "last_day": "2099-12-31"}
    export = ordered_by(office, **form, operation="ignored_as_it_is_not_shown")
    assert export.filters == {
        "status": "ticketed",
        "partner": str(aviare.pk),
        "since": "2020-01-01T00:00:00Z",
        "until": "2100-01-01T00:00:00Z",
    }
    making.make_due(clock=clock.now)
    export.refresh_from_db()
    assert export.row_count == 1


def test_the_audit_trail_is_exported_by_its_filters(office: Client, world: World) -> None:
    world.booking()
    form = {"rows_of": "audit", "operation": "create_booking", "phase": "outcome", "code": "done"}
    export = ordered_by(office, **form)
    making.make_due(clock=clock.now)
    rows = list(csv.DictReader(StringIO(file_of(office, export))))
    assert [(row["operation"], row["phase"], row["code"]) for row in rows] == [("create_booking", "outcome", "done")]
    assert rows[0]["arguments"].startswith("{")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "?state__exact=ticketed&provider__exact=sandbox&dataset=bookings",
            ['value="ticketed" selected', 'value="sandbox"'],
        ),
        (
            "?category__exact=adm&state__exact=open&provider=sandbox&dataset=discrepancies",
            ['value="adm" selected', 'value="open" selected', 'value="sandbox"'],
        ),
        ("?kind__exact=refund&dataset=documents", ['value="refund" selected', 'value="documents" selected']),
        ("?phase__exact=intent&door__exact=mcp&dataset=audit", ['value="intent" selected', 'value="mcp" selected']),
        ("?o=1.2&p=3&nonsense=%3Cscript%3E&dataset=usage", ['value="usage" selected']),
    ],
)
def test_the_form_begins_with_the_filters_of_a_list(office: Client, address: str, expected: list[str]) -> None:
    shown = page(office, ADD + address)
    assert [one for one in expected if one not in shown] == []
    assert "<script>alert" not in shown


@pytest.mark.parametrize(
    ("filters", "address"),
    [
        ("bookings/booking/?state__exact=ticketed", "?state__exact=ticketed&amp;dataset=bookings"),
        ("bookings/booking/", "?dataset=bookings"),
        ("operations/auditevent/?door=mcp&since=2027-03-01", "?door=mcp&amp;first_day=2027-03-01&amp;dataset=audit"),
        ("bookings/bookingdocument/?kind__exact=refund", "?kind__exact=refund&amp;dataset=documents"),
        (
            "bookings/discrepancy/?category__exact=adm&state__exact=open&provider=sandbox",
            "?category__exact=adm&amp;state__exact=open&amp;provider=sandbox&amp;dataset=discrepancies",
        ),
        ("bookings/passenger/", "?dataset=passengers"),
        ("partners/partner/?is_active__exact=1", "?dataset=usage"),
    ],
)
def test_lists_lead_to_their_export(office: Client, filters: str, address: str) -> None:
    assert f'href="{ADD}{address}"' in page(office, f"/admin/{filters}")


def test_a_search_is_no_filter_and_leads_nowhere(office: Client) -> None:
    assert "Export these" not in page(office, "/admin/bookings/booking/?q=BCDFGH")


@pytest.mark.parametrize("filters", ["owner=me", "age=7"])
def test_what_an_export_cannot_choose_by_leads_nowhere(office: Client, filters: str) -> None:
    assert ADD not in page(office, f"/admin/bookings/discrepancy/?{filters}&state__exact=open")


LISTS = {
    "bookings/booking/": "view_booking",
    "bookings/bookingdocument/": "view_bookingdocument",
    "bookings/discrepancy/": "view_discrepancy",
    "bookings/passenger/": "view_passenger",
    "partners/partner/": "view_partner",
    "operations/auditevent/": "view_auditevent",
}


@pytest.mark.parametrize("address", LISTS)
def test_whoever_sees_a_list_and_may_export_exports_it(address: str) -> None:
    clerk = clerk_who_may("add_export", "view_export", "export", LISTS[address])
    shown = page(clerk, f"/admin/{address}")
    (dataset,) = re.findall(rf'href="{ADD}\?dataset=(\w+)"', shown)
    assert ordered_by(clerk, rows_of=dataset).dataset == dataset
    for other in set(DATASETS) - {dataset}:
        assert "Select a valid choice" in clerk.post(ADD, {**ORDER, "rows_of": other}).content.decode()


def test_a_clerk_without_the_right_sees_no_way_in(world: World) -> None:
    looker = clerk_who_may(*LISTS.values())
    for address in LISTS:
        assert ADD not in page(looker, f"/admin/{address}")
    assert LIST not in page(looker, "/admin/")
    for address in (LIST, ADD):
        assert looker.get(address).status_code == 403
    assert looker.post(ADD, ORDER).status_code == 403
    assert not Export.objects.exists()


def test_the_right_alone_is_the_right_to_nothing(db: None) -> None:
    clerk = clerk_who_may("add_export", "view_export", "export")
    assert clerk.get(ADD).status_code == 403
    assert clerk.post(ADD, ORDER).status_code == 403


def test_nobody_exports_a_list_that_they_do_not_see(db: None) -> None:
    clerk = finance()
    shown = page(clerk, ADD)
    assert 'value="bookings"' in shown
    assert 'value="audit"' not in shown
    assert 'value="passengers"' not in shown
    for dataset in ("audit", "passengers"):
        refused = clerk.post(ADD, {**ORDER, "rows_of": dataset})
        assert refused.status_code == 200
        assert "Select a valid choice" in refused.content.decode()
    assert not Export.objects.exists()


def test_an_export_of_such_a_list_is_not_there_for_them(office: Client, world: World) -> None:
    export = ordered_by(office, rows_of="audit")
    making.make_due(clock=clock.now)
    clerk = finance()
    assert str(export.pk) not in page(clerk, LIST)
    for address in (f"{LIST}{export.pk}/file/", f"{LIST}{export.pk}/change/"):
        assert clerk.get(address).status_code in (302, 404)
        assert not clerk.get(address, follow=True).streaming


def test_the_list_alone_fetches_nothing(office: Client, world: World) -> None:
    """Who may look at exports and not export is shown none."""
    export = ordered_by(office)
    making.make_due(clock=clock.now)
    looker = clerk_who_may("view_export", "view_booking")
    assert str(export.pk) not in page(looker, LIST)
    assert looker.get(f"{LIST}{export.pk}/file/").status_code == 404


def test_nobody_who_is_not_in_fetches(office: Client, world: World) -> None:
    export = ordered_by(office)
    making.make_due(clock=clock.now)
    answer = Client().get(f"{LIST}{export.pk}/file/")
    assert answer.status_code == 302
    assert "/admin/login/" in answer.headers["Location"]


def test_a_partner_s_export_is_seen_and_fetched_by_who_may(world: World, aviare: Partner) -> None:
    usage(aviare, "search_flights")
    export = made(with_key(aviare), "usage")
    clerk = finance()
    assert "Aviare (API)" in page(clerk, LIST)
    assert "search_flights" in file_of(clerk, export)


def test_what_is_not_ready_is_said(office: Client) -> None:
    export = ordered_by(office)
    told = office.get(f"{LIST}{export.pk}/file/", follow=True).content.decode()
    assert "it is ordered" in told


def test_a_file_too_large_for_excel_is_refused_on_the_form(
    office: Client, aviare: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bookings.export import services

    usage(aviare, "search_flights")
    monkeypatch.setattr(services, "MOST_ROWS_OF_XLSX", 0)
    told = office.post(ADD, {"rows_of": "usage", "format": "xlsx"})
    assert told.status_code == 200
    assert "An Excel file holds at most 0 rows" in told.content.decode()
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"), [("operation", "x' OR 1=1 --"), ("user", "nobody"), ("first_day", "yesterday"), ("code", "A B")]
)
def test_a_value_that_is_none_is_said(office: Client, field: str, value: str) -> None:
    told = office.post(ADD, {"rows_of": "audit", "format": "csv", field: value})
    assert told.status_code == 200
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    ("dataset", "field", "words"),
    [
        ("documents", "kind", [*DocumentKind]),
        ("discrepancies", "discrepancy_class", [*Class]),
        ("discrepancies", "discrepancy_status", [*CaseState]),
        ("bookings", "status", [*State]),
    ],
)
def test_a_word_that_is_none_of_ours_is_said_with_those_that_are(
    office: Client, dataset: str, field: str, words: list[str]
) -> None:
    told = office.post(ADD, {"rows_of": dataset, "format": "csv", field: "nonsense"}).content.decode()
    assert f"nonsense is none of these: {', '.join(words)}." in told
    assert not Export.objects.exists()
    assert ordered_by(office, rows_of=dataset, **{field: words[-1]}).filters == {FIELDS_OF_FILTERS[field]: words[-1]}


def test_records_are_not_changed_and_not_deleted(office: Client) -> None:
    export = ordered_by(office)
    for address in ("change", "delete"):
        assert office.post(f"{LIST}{export.pk}/{address}/", {"post": "yes"}).status_code == 403


def test_a_superuser_of_the_office_sees_every_dataset(office: Client) -> None:
    shown = page(office, ADD)
    names = ("bookings", "passengers", "documents", "discrepancies", "usage", "audit")
    assert [name for name in names if f'value="{name}"' not in shown] == []


def test_clerks_are_known_by_their_address(office: Client) -> None:
    ordered_by(office)
    assert str(User.objects.get(is_superuser=True)) in page(office, LIST)
