"""A partner's webhook endpoints: whose they are, what they hear of, their secrets, and when they are switched off."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from movmo.kit.errors import NotFound
from movmo.operations import events
from movmo.operations.context import Caller
from movmo.operations.dispatch import dispatch
from movmo.operations.models import AuditEvent, Event, IdempotencyRecord
from partners.partner.models import Partner
from partners.webhook import services, signing
from partners.webhook.delivering import GIVEN_UP_AFTER, deliver_due
from partners.webhook.models import WebhookDelivery, WebhookEndpoint
from partners.webhook.services import (
    EventTypeUnknown,
    WebhookEndpointDisabled,
    WebhookEndpointsFull,
)
from tests.conftest import StoppedClock
from tests.contract.world import the
from tests.partners import hooks
from tests.partners.hooks import CANCELLED, TICKETED, ask, by_live_key, by_test_key, deliveries, redeliver, shown
from tests.partners.receiver import URL, Receiver, answer

pytestmark = pytest.mark.django_db(transaction=True)


def update(by: Caller, made: Any, **changes: Any) -> Any:
    values = {"url": made.url, "event_types": made.event_types, "enabled": True, **changes}
    return ask(by, "update_webhook_endpoint", endpoint_id=str(made.endpoint_id), **values)


def test_an_endpoint_hears_of_its_partner_s_events_of_its_mode(aviare: Partner, kestrel: Partner) -> None:
    test, live = hooks.endpoint(aviare), hooks.endpoint(aviare, by=by_live_key(aviare))
    other = hooks.endpoint(kestrel)
    hooks.happen(aviare)
    hooks.happen(aviare, is_live=True)
    hooks.happen(kestrel)
    hooks.happen(None)
    hooks.publish()
    heard: dict[UUID, list[tuple[UUID | None, bool]]] = {made.endpoint_id: [] for made in (test, live, other)}
    for delivery in WebhookDelivery.objects.select_related("event"):
        heard[delivery.endpoint_id].append((delivery.event.partner_id, delivery.event.is_live))
    assert heard == {
        test.endpoint_id: [(aviare.pk, False)],
        live.endpoint_id: [(aviare.pk, True)],
        other.endpoint_id: [(kestrel.pk, False)],
    }


def test_an_endpoint_hears_of_the_types_it_asked_for(aviare: Partner) -> None:
    some, every = hooks.endpoint(aviare, event_types=[CANCELLED]), hooks.endpoint(aviare)
    hooks.happen(aviare, TICKETED, CANCELLED)
    hooks.publish()
    told = set(WebhookDelivery.objects.values_list("endpoint_id", "event__type"))
    assert told == {
        (some.endpoint_id, CANCELLED),
        (every.endpoint_id, TICKETED),
        (every.endpoint_id, CANCELLED),
    }


def test_a_partner_that_staff_made_inactive_hears_nothing_more(aviare: Partner, receiver: Receiver) -> None:
    hooks.endpoint(aviare)
    hooks.told_of(aviare)
    aviare.is_active = False
    aviare.save(update_fields=["is_active"])
    hooks.happen(aviare)
    hooks.publish()
    deliver_due()
    assert receiver.received == []
    assert WebhookDelivery.objects.count() == 1


def test_an_event_published_twice_is_ordered_once(aviare: Partner) -> None:
    hooks.endpoint(aviare)
    hooks.happen(aviare)
    (event,) = hooks.publish()
    with transaction.atomic():
        services.receive([event])
        services.receive([event])
    assert WebhookDelivery.objects.count() == 1


def test_ordering_is_part_of_publishing_or_nothing_is(aviare: Partner) -> None:
    """What breaks after the sink takes the deliveries with it."""
    hooks.endpoint(aviare)
    hooks.happen(aviare)

    def break_off(happened: Any) -> None:
        raise RuntimeError("a later sink")

    events._sinks.append(break_off)
    try:
        hooks.publish()
    finally:
        events._sinks.remove(break_off)
    assert not WebhookDelivery.objects.exists()
    assert Event.objects.get().position is None


def test_an_unknown_type_is_refused_by_name(aviare: Partner, here: Caller) -> None:
    with pytest.raises(EventTypeUnknown) as told:
        hooks.endpoint(aviare, event_types=[TICKETED, "booking.flown.v1"])
    assert (told.value.facts, set(told.value.fields)) == ({"type": "booking.flown.v1"}, {"/event_types"})
    assert not WebhookEndpoint.objects.exists()
    made = hooks.endpoint(aviare)
    with pytest.raises(EventTypeUnknown):
        update(here, made, event_types=["booking.flown.v1"])


def test_ten_endpoints_in_each_mode_are_enough(aviare: Partner, here: Caller) -> None:
    made = [hooks.endpoint(aviare) for _ in range(10)]
    with pytest.raises(WebhookEndpointsFull):
        hooks.endpoint(aviare)
    hooks.endpoint(aviare, by=by_live_key(aviare))
    ask(here, "delete_webhook_endpoint", endpoint_id=str(made[3].endpoint_id))
    hooks.endpoint(aviare)
    assert len(ask(here, "list_webhook_endpoints").data) == 10


@pytest.mark.parametrize("values", [{"slot": 11}, {"slot": 0}, {"slot": None}, {"state": "deleted"}, {"state": "odd"}])
def test_the_table_itself_holds_the_limit(aviare: Partner, values: dict[str, Any]) -> None:
    made = hooks.endpoint(aviare)
    with pytest.raises(IntegrityError):
        WebhookEndpoint.objects.filter(pk=made.endpoint_id).update(**values)


OF_ONE_ENDPOINT: list[tuple[str, dict[str, Any]]] = [
    ("get_webhook_endpoint", {}),
    ("update_webhook_endpoint", {"url": URL, "event_types": [], "enabled": True}),
    ("delete_webhook_endpoint", {}),
    ("rotate_webhook_secret", {}),
    ("ping_webhook_endpoint", {}),
    ("list_webhook_deliveries", {}),
    ("redeliver_webhooks", {"since": "2026-01-01T00:00:00Z", "until": "2027-12-31T00:00:00Z"}),
]
TO_BE_SENT = [case for case in OF_ONE_ENDPOINT if case[0] in ("ping_webhook_endpoint", "redeliver_webhooks")]


@pytest.mark.parametrize(("name", "arguments"), OF_ONE_ENDPOINT)
def test_another_partner_s_or_mode_s_endpoint_is_not_there(
    aviare: Partner, kestrel: Partner, name: str, arguments: dict[str, Any]
) -> None:
    made = hooks.endpoint(aviare)
    for who in (by_test_key(kestrel), by_live_key(aviare)):
        with pytest.raises(NotFound):
            ask(who, name, endpoint_id=str(made.endpoint_id), **arguments)
        assert ask(who, "list_webhook_endpoints").data == []


def test_a_delivery_is_reached_through_its_own_endpoint_only(aviare: Partner, kestrel: Partner, here: Caller) -> None:
    mine, beside = hooks.endpoint(aviare), hooks.endpoint(aviare)
    theirs = hooks.endpoint(kestrel)
    hooks.happen(aviare)
    hooks.publish()
    delivery = WebhookDelivery.objects.get(endpoint_id=mine.endpoint_id)
    for endpoint_id, who in (
        (beside.endpoint_id, here),
        (theirs.endpoint_id, by_test_key(kestrel)),
        (mine.endpoint_id, by_test_key(kestrel)),
        (uuid4(), here),
    ):
        with pytest.raises(NotFound):
            ask(who, "redeliver_webhook", endpoint_id=str(endpoint_id), delivery_id=str(delivery.pk))


def test_a_deleted_endpoint_is_gone_with_its_secrets_and_what_waits(
    aviare: Partner, here: Caller, receiver: Receiver
) -> None:
    made = hooks.endpoint(aviare)
    delivery = hooks.told_of(aviare)
    ask(here, "delete_webhook_endpoint", endpoint_id=str(made.endpoint_id))
    deliver_due()
    assert receiver.received == []
    row = hooks.row(made)
    assert (row.state, row.secret, row.old_secret) == ("deleted", None, None)
    delivery.refresh_from_db()
    assert delivery.state == "failed"
    with pytest.raises(NotFound):
        shown(here, made)
    hooks.told_of(aviare)
    assert WebhookDelivery.objects.count() == 1


def test_a_secret_is_told_once_and_again_to_a_repetition_of_that_call(aviare: Partner, here: Caller) -> None:
    """An answer that was lost loses nobody their secret; whoever lists or reads the endpoint is not told."""
    operation, key = the("create_webhook_endpoint"), str(uuid4())
    with capture_logs() as log:
        first = dispatch(operation, here, {"url": URL}, key)
        again = dispatch(operation, here, {"url": URL}, key)
    secret = first.view.secret  # type: ignore[attr-defined]
    assert secret.startswith("whsec_")
    assert len(Webhook(secret)._whsecret) == signing.SECRET_BYTES
    assert (again.view, again.replayed) == (first.view, True)
    assert WebhookEndpoint.objects.count() == 1
    assert secret not in str(shown(here, first.view)) + str(ask(here, "list_webhook_endpoints"))
    assert secret not in str(log) + str(list(AuditEvent.objects.values()))
    assert secret not in raw_rows("idempotency_record") + raw_rows("webhook_endpoint")
    assert IdempotencyRecord.objects.get().stored  # sealed, for the repetition


def raw_rows(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        cells = [cell for row in cursor.fetchall() for cell in row]
    raw = [bytes(cell).decode("latin-1") if isinstance(cell, bytes | memoryview) else str(cell) for cell in cells]
    return "\n".join(raw)


def test_a_rotation_repeated_with_its_key_tells_the_same_secret(aviare: Partner, here: Caller) -> None:
    made, operation, key = hooks.endpoint(aviare), the("rotate_webhook_secret"), str(uuid4())
    arguments = {"endpoint_id": str(made.endpoint_id)}
    first, again = (dispatch(operation, here, arguments, key) for _ in range(2))
    assert first.view == again.view
    assert first.view.secret != made.secret  # type: ignore[attr-defined]
    assert hooks.row(made).rotations == 1
    assert signing.as_text(hooks.row(made).secret) == first.view.secret  # type: ignore[attr-defined]


def test_no_secret_gets_into_another_row(aviare: Partner) -> None:
    """A ciphertext is bound to its row: swapped, it does not open."""
    one, other = hooks.row(hooks.endpoint(aviare)), hooks.row(hooks.endpoint(aviare))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE webhook_endpoint SET secret = (SELECT secret FROM webhook_endpoint WHERE slot = 1) WHERE slot = 2"
        )
    assert one.secret
    with pytest.raises(Exception, match="another row"):
        _ = WebhookEndpoint.objects.get(pk=other.pk).secret


def test_a_ping_goes_to_its_endpoint_whatever_that_asked_for(aviare: Partner, here: Caller, receiver: Receiver) -> None:
    made, beside = hooks.endpoint(aviare, event_types=[CANCELLED]), hooks.endpoint(aviare)
    asked = ask(here, "ping_webhook_endpoint", endpoint_id=str(made.endpoint_id))
    hooks.publish()
    deliver_due()
    (request,) = receiver.received
    assert request.headers["webhook-id"] == str(asked.event_id)
    assert request.verified_with(made.secret)
    assert request.told["type"] == "webhook_endpoint.ping.v1"
    assert request.told["data"] == {"endpoint_id": str(made.endpoint_id)}
    (delivery,) = deliveries(here, made).data
    assert (delivery.delivery_id, delivery.status, delivery.attempts[0].status) == (asked.delivery_id, "delivered", 204)
    assert deliveries(here, beside).data == []


def test_a_paused_endpoint_gets_what_waited_when_it_goes_on(aviare: Partner, here: Caller, receiver: Receiver) -> None:
    made = hooks.endpoint(aviare)
    hooks.told_of(aviare)
    paused = update(here, made, enabled=False)
    assert (paused.enabled, paused.disabled_reason) == (False, "partner")
    deliver_due()
    assert receiver.received == []
    for name, arguments in TO_BE_SENT:
        with pytest.raises(WebhookEndpointDisabled):
            ask(here, name, endpoint_id=str(made.endpoint_id), **arguments)
    hooks.told_of(aviare)  # missed
    assert update(here, made).enabled
    deliver_due()
    assert len(receiver.received) == 1


def test_what_was_missed_can_be_asked_for(
    aviare: Partner, here: Caller, receiver: Receiver, clock: StoppedClock
) -> None:
    made = hooks.endpoint(aviare, event_types=[TICKETED])
    update(here, made, enabled=False)
    hooks.happen(aviare, TICKETED, CANCELLED)
    hooks.happen(aviare, is_live=True)
    hooks.publish()
    update(here, made)
    assert redeliver(here, made, clock, status="missed") == 1
    assert redeliver(here, made, clock, status="missed") == 0
    deliver_due()
    assert [request.told["type"] for request in receiver.received] == [TICKETED]


def test_410_switches_off_at_once_and_the_other_endpoints_are_told(
    aviare: Partner, here: Caller, receiver: Receiver
) -> None:
    made, beside = hooks.endpoint(aviare), hooks.endpoint(aviare, event_types=["webhook_endpoint.disabled.v1"])
    receiver.answers = [answer("410 Gone"), answer()]
    delivery = hooks.told_of(aviare)
    deliver_due()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_failure) == ("failed", "gone")
    gone = shown(here, made)
    assert (gone.enabled, gone.disabled_reason) == (False, "gone")
    hooks.publish()
    deliver_due()
    told = receiver.received[-1]
    assert told.verified_with(beside.secret)["data"] == {"endpoint_id": str(made.endpoint_id), "reason": "gone"}
    assert len(receiver.received) == 2
    listed = ask(here, "list_events", types="webhook_endpoint.disabled.v1").data
    assert [event.subject_id for event in listed] == [made.endpoint_id]


def fail_for(days: float, aviare: Partner, clock: StoppedClock, *, step: float = 1) -> None:
    end = clock.now + timedelta(days=days)
    while clock.now < end:
        hooks.told_of(aviare)
        deliver_due()
        clock.forward(days=step)


def test_days_of_failures_switch_off_and_switching_on_forgives(
    aviare: Partner, here: Caller, receiver: Receiver, clock: StoppedClock
) -> None:
    made = hooks.endpoint(aviare)
    receiver.answers = [answer("500 Internal Server Error")]
    fail_for(5, aviare, clock)
    assert shown(here, made).enabled
    fail_for(1, aviare, clock)
    off = shown(here, made)
    assert (off.enabled, off.disabled_reason) == (False, "failing")
    assert off.disabled_at - off.failing_since >= GIVEN_UP_AFTER
    assert Event.objects.filter(type="webhook_endpoint.disabled.v1").count() == 1
    on = update(here, made)
    assert (on.enabled, on.failing_since, on.disabled_reason) == (True, None, None)
    hooks.told_of(aviare)
    deliver_due()
    assert shown(here, made).enabled


def test_one_success_in_between_begins_the_days_anew(
    aviare: Partner, here: Caller, receiver: Receiver, clock: StoppedClock
) -> None:
    made = hooks.endpoint(aviare)
    receiver.answers = [answer("500 Internal Server Error")]
    fail_for(4, aviare, clock)
    receiver.answers = [answer()]
    deliver_due()
    assert shown(here, made).failing_since is None
    receiver.answers = [answer("500 Internal Server Error")]
    fail_for(4, aviare, clock)
    assert shown(here, made).enabled


def test_a_failure_long_after_another_is_no_row_of_failures(
    aviare: Partner, here: Caller, receiver: Receiver, clock: StoppedClock
) -> None:
    made = hooks.endpoint(aviare)
    receiver.answers = [answer("500 Internal Server Error")]
    first = hooks.told_of(aviare)
    deliver_due()
    WebhookDelivery.objects.filter(pk=first.pk).update(state="failed", settled_at=clock.now)
    clock.forward(days=20)
    hooks.told_of(aviare)
    deliver_due()
    endpoint = shown(here, made)
    assert (endpoint.enabled, endpoint.failing_since) == (True, clock.now)
