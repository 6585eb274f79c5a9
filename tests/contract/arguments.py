"""Valid arguments of every operation, for a caller of a `World`. What they name is made when they are asked for."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bookings.export.models import Export
from bookings.passenger.identity_document.schemas import IdentityDocumentView
from bookings.reconciliation.models import Statement
from bookings.seat_map.schemas import SeatMapView
from checkout_widget.session.schemas import OpenedCheckout
from movmo.kit import clock
from partners.batch.models import Batch
from partners.batch.schemas import BatchView
from partners.batch.states import BatchState
from partners.partner.models import Partner
from tests import factories
from tests.bookings.reconciliation import books
from tests.contract.world import (
    CODE,
    PASSPORT,
    TOKEN,
    TRAVEL_WISHES,
    WEBHOOK,
    World,
    booking_of,
    born,
    cancellation_of,
    confirmation_of,
    departure_date,
    new_key,
    raw_offer,
    view_of,
)


def arguments_for(operation_name: str, world: World) -> dict[str, Any]:
    """Valid arguments of a registered operation, without `user_id` and the key. What they name is made now."""
    assert operation_name in ARGUMENTS, f"add example arguments of {operation_name} to ARGUMENTS in {__file__}"
    return ARGUMENTS[operation_name](world)


def _search(world: World) -> dict[str, Any]:
    day = departure_date().isoformat()
    part = {"origin": "AMS", "destination": "LIS", "departure_date": day, "latest_departure": "23:59"}
    budget = {"amount": "9000.00", "currency": "EUR"}
    return {"slices": [part], "adults": 1, "max_total": budget, "carriers": ["XX"], "sort": "price", "limit": 3}


def _map(world: World) -> dict[str, Any]:
    offer, person = world.offer(), world.passenger()
    return {
        "provider": "sandbox",
        "offer_id": str(offer.offer_id),
        "slot_id": str(offer.passengers[0].slot_id),
        "passenger_id": str(person.passenger_id),
    }


def _look_at_seats(world: World) -> dict[str, Any]:
    offer = world.offer()
    return {"provider": "sandbox", "offer_id": str(offer.offer_id), "segment": 1, "position": "window"}


def _choose(world: World) -> dict[str, Any]:
    offer = world.offer()
    named = {"provider": "sandbox", "offer_id": str(offer.offer_id)}
    told = view_of(SeatMapView, world.call("get_seat_map", **named, segment=1))
    free = told.segments[0].cabins[0].rows[0].seats[0]
    seat = {"segment": 1, "slot_id": str(offer.passengers[0].slot_id), "designator": free.designator}
    bag = {"service_id": offer.services[0].service_id, "quantity": 1}
    return {**named, "seats": [seat], "services": [bag]}


def _webhook(world: World) -> dict[str, Any]:
    world.make_room()
    return WEBHOOK


def _of_endpoint(world: World) -> dict[str, Any]:
    return {"endpoint_id": str(world.webhook_endpoint().endpoint_id)}


def _named(document: IdentityDocumentView) -> dict[str, Any]:
    return {"passenger_id": str(document.passenger_id), "document_id": str(document.document_id)}


def _type_in(world: World) -> dict[str, Any]:
    offer = world.offer()
    return {
        "provider": "sandbox",
        "offer_id": str(offer.offer_id),
        "slot_id": str(offer.passengers[0].slot_id),
        "person": _save_passenger(world),
        "document": {name: PASSPORT[name] for name in ("type", "number", "issuing_country", "expires_on")},
    }


def _check_out(world: World) -> dict[str, Any]:
    """The page is registered for both partners: only the offer is its partner's own."""
    for slug in ("aviare", "kestrel"):
        factories.checkout_origin(factories.partner(slug))
    shop, offer_id = factories.SHOP, str(world.offer().offer_id)
    return {"provider": "sandbox", "offer_id": offer_id, "origin": shop, "return_url": f"{shop}/thanks", "locale": "de"}


def _of_checkout(world: World) -> dict[str, Any]:
    opened = view_of(OpenedCheckout, world.call("create_checkout_session", **_check_out(world)))
    return {"session_id": str(opened.session_id)}


def _export(world: World, *, ready: bool = False) -> Export:
    """Of the caller's, and over: a partner may not have many that wait."""
    assert world.caller.partner_id is not None
    return factories.export(world.caller.partner_id, is_ready=ready)


def _statement_of(world: World, **changes: Any) -> Statement:
    assert world.caller.partner_id is not None
    return books.statement(Partner.objects.get(pk=world.caller.partner_id), **changes)


def _send_statement(world: World) -> dict[str, Any]:
    """Another file each time: the same one would be the same statement."""
    assert world.caller.partner_id is not None
    file = f"Type,Reference,Cur,Amount\nsale,{new_key()},EUR,118.70\n"
    mapping = books.mapping(Partner.objects.get(pk=world.caller.partner_id), client_reference="Reference")
    day = clock.now().date().isoformat()
    return {
        "provider": "sandbox",
        "file_name": "yesterday.csv",
        "period_start": day,
        "period_end": day,
        "format": "mapped",
        "mapping_id": str(mapping.pk),
        "content": base64.b64encode(file.encode()).decode(),
        "opening": {"EUR": "0.00"},
        "closing": {"EUR": "118.70"},
    }


def _resolve(world: World) -> dict[str, Any]:
    one = books.discrepancy(_statement_of(world))
    return {"discrepancy_id": str(one.pk), "action": "dispute", "reason": "the airline has agreed to correct it"}


def _save_passenger(world: World) -> dict[str, Any]:
    return {
        "given_name": "Ana María",
        "family_name": "Müller",
        "birth_date": born("ADT").isoformat(),
        "gender": "F",
        "email": "ana@example.com",
        "phone_number": "+4915112345678",
    }


BATCH = '{"operation": "get_usage"}\n{"operation": "list_providers", "arguments": {}}'


def _batch(world: World) -> dict[str, Any]:
    """Those that other calls have left would count against this one's partner."""
    Batch.objects.update(state=BatchState.COMPLETED)
    return {"lines": BATCH}


def _of_batch(world: World) -> dict[str, Any]:
    return {"batch_id": str(view_of(BatchView, world.call("create_batch", **_batch(world))).batch_id)}


ARGUMENTS: dict[str, Callable[[World], dict[str, Any]]] = {
    "list_providers": lambda world: {},
    "get_provider_capabilities": lambda world: {"provider": "sandbox"},
    "search_airports": lambda world: {"query": "zur"},
    "list_semantic_resources": lambda world: {},
    "read_semantic_resource": lambda world: {"slug": "booking"},
    "search_flights": _search,
    "create_offer": lambda world: {"provider": "sandbox", "offer": raw_offer()},
    "get_offer_details": lambda world: {"provider": "sandbox", "offer_id": str(world.offer().offer_id)},
    "update_passenger": _map,
    "check_passenger": _type_in,
    "refresh_offer": lambda world: {"provider": "sandbox", "offer_id": str(world.mapped_offer().offer_id)},
    "get_seat_map": _look_at_seats,
    "select_services": _choose,
    "get_passengers_profile": lambda world: {"departure_date": departure_date().isoformat(), "limit": 5},
    "create_passenger_profile": _save_passenger,
    "get_user_profile": lambda world: {},
    "update_user": lambda world: {"given_name": "Ana María", "family_name": "Müller"},
    "get_locale_preferences": lambda world: {},
    "upsert_locale_preferences": lambda world: {"language": "de", "country": "DE", "currency": "EUR"},
    "get_travel_preferences": lambda world: {},
    "upsert_travel_preferences": lambda world: dict(TRAVEL_WISHES),
    "initiate_contact_change": lambda world: {"email": f"{new_key()}@example.org"},
    "verify_contact_identity": lambda world: {"change_id": str(world.contact_change().pk), "identity_code": CODE},
    "confirm_contact_change": lambda world: {
        "change_id": str(world.contact_change().pk),
        "code": CODE,
        "identity_token": TOKEN,
    },
    "get_payment_methods": lambda world: {},
    "get_payment_method": lambda world: {"payment_method_id": str(world.card().payment_method_id)},
    "open_card_capture": lambda world: {},
    "open_security_code_capture": lambda world: {"payment_method_id": str(world.card().payment_method_id)},
    "create_payment_method": lambda world: world.captured(),
    "update_payment_method": lambda world: {
        "payment_method_id": str(world.card().payment_method_id),
        "exp_month": 5,
        "exp_year": 2034,
        "is_default": True,
    },
    "delete_payment_method": lambda world: {"payment_method_id": str(world.card().payment_method_id)},
    "get_passenger": lambda world: {"passenger_id": str(world.passenger().passenger_id)},
    "update_passenger_profile": lambda world: {
        "passenger_id": str(world.passenger().passenger_id),
        "nationality": "NL",
        "loyalty_programmes": [],
        **_save_passenger(world),
    },
    "delete_passenger_profile": lambda world: {"passenger_id": str(world.passenger().passenger_id)},
    "list_identity_documents": lambda world: {"passenger_id": str(world.document().passenger_id)},
    "get_identity_document": lambda world: _named(world.document()),
    "create_identity_document": lambda world: {"passenger_id": str(world.passenger().passenger_id), **PASSPORT},
    "replace_identity_document": lambda world: {**_named(world.document()), **PASSPORT},
    "delete_identity_document": lambda world: _named(world.document()),
    "create_booking": lambda world: booking_of(world.mapped_offer()),
    "confirm_hold": lambda world: confirmation_of(world.hold()),
    "quote_cancellation": lambda world: {"booking_id": str(world.booking().booking_id)},
    "cancel_booking": lambda world: cancellation_of(world.quote()),
    "accept_schedule_change": World.schedule_change,
    "list_approvals": lambda world: {"status": "pending", "limit": 5},
    "get_approval": lambda world: {"approval_id": world.approval_id()},
    "get_booking": lambda world: {"booking_id": str(world.booking().booking_id)},
    "create_export": lambda world: {"dataset": "usage", "format": "csv", "filters": {"operation": "get_usage"}},
    "list_exports": lambda world: {"limit": 5},
    "get_export": lambda world: {"export_id": str(_export(world).pk)},
    "create_export_link": lambda world: {"export_id": str(_export(world, ready=True).pk)},
    "get_usage": lambda world: {"from": clock.now().date().isoformat()},
    "search_bookings": lambda world: {"status": "ticketed", "limit": 5},
    "create_checkout_session": _check_out,
    "get_checkout_session": _of_checkout,
    "cancel_checkout_session": _of_checkout,
    "create_batch": _batch,
    "list_batches": lambda world: {"status": "running", "limit": 5},
    "get_batch": _of_batch,
    "list_batch_results": lambda world: {**_of_batch(world), "limit": 5},
    "cancel_batch": _of_batch,
    "list_partner_bookings": lambda world: {"limit": 5},
    "create_statement": _send_statement,
    "get_statement": lambda world: {"statement_id": str(_statement_of(world).pk)},
    "accept_statement": lambda world: {"statement_id": str(_statement_of(world, state="staged").pk)},
    "decline_statement": lambda world: {
        "statement_id": str(_statement_of(world, state="staged").pk),
        "reason": "the airline has sent a corrected file",
    },
    "list_statements": lambda world: {"status": "staged", "provider": "sandbox", "limit": 5},
    "create_column_mapping": lambda world: {
        "provider": "sandbox",
        "name": f"billing {new_key()}",
        "columns": {"kind": "Type", "currency": "Cur", "gross": "Amount", "ticket_number": "Ticket"},
        "kinds": {"TKTT": "sale"},
        "delimiter": ";",
        "date_format": "dd.mm.yyyy",
    },
    "list_column_mappings": lambda world: {"provider": "sandbox", "limit": 5},
    "run_reconciliation": lambda world: {"statement_id": str(_statement_of(world).pk)},
    "list_reconciliation_runs": lambda world: {"statement_id": str(_statement_of(world).pk), "limit": 5},
    "get_reconciliation_run": lambda world: {"run_id": str(books.run(_statement_of(world)).pk)},
    "list_discrepancies": lambda world: {
        "statement_id": str(_statement_of(world).pk),
        "provider": "sandbox",
        "status": "open",
        "limit": 5,
    },
    "resolve_discrepancy": _resolve,
    "list_events": lambda world: {"limit": 5},
    "list_events_v2": lambda world: {"limit": 5},
    "create_webhook_endpoint": _webhook,
    "list_webhook_endpoints": lambda world: {},
    "get_webhook_endpoint": _of_endpoint,
    "update_webhook_endpoint": lambda world: {**_of_endpoint(world), **WEBHOOK, "enabled": True},
    "delete_webhook_endpoint": _of_endpoint,
    "rotate_webhook_secret": _of_endpoint,
    "ping_webhook_endpoint": _of_endpoint,
    "list_webhook_deliveries": _of_endpoint,
    "redeliver_webhook": World.webhook_delivery,
    "redeliver_webhooks": lambda world: {
        **_of_endpoint(world),
        "since": (clock.now() - timedelta(hours=1)).isoformat(),
        "until": clock.now().isoformat(),
    },
}
