"""Staff paste a whole id, a PNR or an address and find the row: on every database, and by its index."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.db.models import Model, UUIDField
from django.test import Client, RequestFactory
from django.urls import reverse

from bookings.booking.models import Booking
from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import Discrepancy
from bookings.reconciliation.resolution.models import Adjustment, Countersignature
from bookings.sandbox_airline.models import SandboxOrder
from movmo.operations.admin import ReadOnlyAdmin
from movmo.operations.models import AuditEvent
from movmo.sandbox_vault.app import SandboxVault
from tests import factories
from tests.bookings.reconciliation import books
from tests.contract.arguments import arguments_for
from tests.contract.world import World, cancellation_of
from tests.office import clerk_with_app, entered


def _ids_of(table: ReadOnlyAdmin) -> list[str]:
    paths = [str(field).removesuffix("__exact") for field in table.search_fields]
    return [path for path in paths if isinstance(get_fields_from_path(table.model, path)[-1], UUIDField)]


TABLES = [
    (model, path)
    for model, table in admin.site._registry.items()
    if isinstance(table, ReadOnlyAdmin)
    for path in _ids_of(table)
]


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


def _found(office: Client, model: type[Model], term: str) -> list[Any]:
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    answer = office.get(address, {"q": term})
    assert answer.status_code == 200
    return [row.pk for row in answer.context["cl"].result_list]


def _with_an_id(model: type[Model], path: str) -> tuple[Any, UUID]:
    row = model._default_manager.filter(**{f"{path}__isnull": False}).values_list("pk", path).first()
    if row is None:  # what no call of the world fills in
        first = model._default_manager.get(pk=model._default_manager.values_list("pk", flat=True)[0])
        model._default_manager.filter(pk=first.pk).update(**{path: first.pk})
        row = (first.pk, first.pk)
    return row


def _what_few_have(one: Discrepancy) -> None:
    """A booking of a discrepancy and its adjustment, and a lock that somebody asked to end."""
    Discrepancy.objects.filter(pk=one.pk).update(booking=Booking.objects.all()[0])
    Adjustment.objects.update(booking=Booking.objects.all()[0])
    Countersignature.objects.create(
        what=Countersignature.What.UNLOCK,
        lock=PeriodLock.objects.get(),
        reason="the airline sent a better file",
        asked_by=one.pk,
        asked_at=one.created_at,
    )


def test_the_tables_with_ids_are_known() -> None:
    assert {model._meta.model_name for model, _ in TABLES} == {
        "adjustment", "amendment", "approval", "auditevent", "batch", "booking", "bookingtransition",
        "cancellationquote", "bookingdocument", "columnmapping", "countersignature", "discrepancy", "export",
        "member", "periodlock", "providercall", "pulledday", "rules", "run", "statement",
        "checkoutsession", "event", "idempotencyrecord", "identitydocument", "mandate", "offer", "offerslot", "outbox",
        "passenger", "paymentmethod", "schedulechange", "webhookdelivery", "webhookendpoint",
    }  # fmt: skip


@pytest.mark.parametrize(("model", "path"), TABLES, ids=lambda part: part if isinstance(part, str) else part.__name__)
def test_an_id_finds_its_row(
    office: Client, world: World, the_vault: SandboxVault, model: type[Model], path: str
) -> None:
    world.booking()
    world.call("cancel_booking", **cancellation_of(world.quote()))
    factories.schedule_change(Booking.objects.all()[0])
    world.document()
    world.card()
    world.webhook_delivery()
    world.call("create_checkout_session", **arguments_for("create_checkout_session", world))
    world.approval_id()
    world.call("create_batch", **arguments_for("create_batch", world))
    _what_few_have(books.one_of_each(factories.partner()))
    factories.export(factories.partner().pk)
    factories.mandate(factories.traveler(), factories.application())
    factories.member(factories.partner())
    pk, known = _with_an_id(model, path)
    for term in (str(known), known.hex, f" {str(known).upper()} "):
        found = _found(office, model, term)
        assert pk in found
        assert len(found) == len(set(found))
    assert _found(office, model, str(UUID(int=7))) == []


@pytest.mark.parametrize(("model", "path"), TABLES, ids=lambda part: part if isinstance(part, str) else part.__name__)
def test_an_id_is_compared_as_an_id(db: None, model: type[Model], path: str) -> None:
    table = admin.site._registry[model]
    found, twice = table.get_search_results(RequestFactory().get("/"), model._default_manager.all(), str(UUID(int=7)))
    statement = str(found.query).upper()
    assert "CAST(" not in statement
    assert "::VARCHAR" not in statement
    assert not twice


@pytest.mark.parametrize("name", ["pnr", "small", "id", "order", "email"])
def test_a_booking_is_found_by_what_people_quote(office: Client, world: World, name: str) -> None:
    booking = Booking.objects.get(pk=world.booking().booking_id)
    terms = {
        "pnr": booking.locator,
        "small": booking.locator.lower(),
        "id": str(booking.pk),
        "order": booking.order_id,
        "email": booking.user.email,
    }
    assert _found(office, Booking, terms[name]) == [booking.pk]
    assert _found(office, Booking, "ZZZZZ1") == []


def test_a_pnr_finds_its_booking_only(office: Client, world: World) -> None:
    one, other = world.booking(), world.booking()
    assert _found(office, Booking, Booking.objects.get(pk=other.booking_id).locator) == [other.booking_id]
    assert one.booking_id != other.booking_id


def test_text_that_holds_an_id_is_found_too(office: Client, world: World) -> None:
    booking = world.booking()
    order = SandboxOrder.objects.get(client_reference=str(booking.booking_id))
    assert _found(office, SandboxOrder, str(booking.booking_id)) == [order.pk]
    assert _found(office, SandboxOrder, booking.booking_id.hex) == [order.pk]
    assert _found(office, SandboxOrder, order.record_locator) == [order.pk]


def test_a_term_that_is_no_id_finds_nothing_among_ids(office: Client, world: World) -> None:
    world.booking()
    assert _found(office, AuditEvent, "not-an-id") == []
    assert len(_found(office, AuditEvent, "")) == AuditEvent.objects.count()
