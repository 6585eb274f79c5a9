"""Sending again what was not taken: one delivery, or a range of them."""

from datetime import timedelta
from typing import Any

import pytest

from movmo.kit.errors import InvalidArguments
from movmo.operations.context import Caller
from partners.event import services as event_services
from partners.partner.models import Partner
from partners.webhook import services
from partners.webhook.delivering import deliver_due
from partners.webhook.models import WebhookAttempt, WebhookDelivery
from partners.webhook.services import (
    RedeliveryRangeTooLarge,
)
from tests.conftest import StoppedClock
from tests.partners import hooks
from tests.partners.hooks import ask, deliveries, redeliver
from tests.partners.receiver import Receiver, answer

pytestmark = pytest.mark.django_db(transaction=True)


def again(by: Caller, made: Any, delivery: WebhookDelivery) -> Any:
    return ask(by, "redeliver_webhook", endpoint_id=str(made.endpoint_id), delivery_id=str(delivery.pk))


def test_a_redelivery_keeps_the_id_and_the_history(
    aviare: Partner, here: Caller, receiver: Receiver, clock: StoppedClock
) -> None:
    made = hooks.endpoint(aviare)
    delivery = hooks.told_of(aviare)
    deliver_due()
    asked = again(here, made, delivery)
    assert (asked.status, asked.delivery_id, len(asked.attempts)) == ("waiting", delivery.pk, 1)
    deliver_due()
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
    assert len(receiver.received) == 2
    (told,) = deliveries(here, made, status="delivered").data
    assert [attempt.status for attempt in told.attempts] == [204, 204]
    assert WebhookAttempt.objects.filter(delivery=delivery).count() == 2


def test_a_redelivery_begins_the_ladder_anew(
    aviare: Partner, here: Caller, receiver: Receiver, clock: StoppedClock
) -> None:
    made = hooks.endpoint(aviare)
    receiver.answers = [answer("500 Internal Server Error")]
    delivery = hooks.told_of(aviare)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(tries=9)
    deliver_due()
    delivery.refresh_from_db()
    assert delivery.state == "failed"
    again(here, made, delivery)
    deliver_due()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries) == ("waiting", 1)


def test_one_that_is_being_sent_is_not_queued_beside_itself(aviare: Partner, here: Caller, clock: StoppedClock) -> None:
    made = hooks.endpoint(aviare)
    delivery = hooks.told_of(aviare)
    WebhookDelivery.objects.update(lease_until=clock.now + timedelta(seconds=9), fence=1, tries=1)
    again(here, made, delivery)
    delivery.refresh_from_db()
    assert (delivery.tries, delivery.lease_until) == (1, clock.now + timedelta(seconds=9))


def test_a_range_is_sent_again(aviare: Partner, here: Caller, receiver: Receiver, clock: StoppedClock) -> None:
    made = hooks.endpoint(aviare)
    for _ in range(3):
        hooks.happen(aviare)
    hooks.publish()
    deliver_due()
    clock.forward(hours=3)
    hooks.told_of(aviare)
    deliver_due()
    assert redeliver(here, made, clock) == 0  # nothing failed
    assert redeliver(here, made, clock, status="delivered") == 1
    since = clock.now - timedelta(hours=4)
    assert redeliver(here, made, clock, status="delivered", since=since, until=clock.now - timedelta(hours=2)) == 3
    deliver_due()
    assert len(receiver.received) == 8
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 4


def test_a_range_is_bounded_and_has_a_direction(
    aviare: Partner, here: Caller, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = hooks.endpoint(aviare)
    for _ in range(3):
        hooks.happen(aviare)
    hooks.publish()
    WebhookDelivery.objects.update(state="failed")
    monkeypatch.setattr(services, "MOST_AT_ONCE", 2)
    with pytest.raises(RedeliveryRangeTooLarge):
        redeliver(here, made, clock)
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"failed"}
    with pytest.raises(InvalidArguments):
        redeliver(here, made, clock, until=clock.now - timedelta(hours=2))


def test_deliveries_are_listed_page_by_page(aviare: Partner, here: Caller) -> None:
    made = hooks.endpoint(aviare)
    for _ in range(5):
        hooks.happen(aviare)
    hooks.publish()
    seen, cursor = [], None
    while True:
        page = deliveries(here, made, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [delivery.delivery_id for delivery in page.data]
        if (cursor := page.next_cursor) is None:
            break
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


def test_old_events_are_forgotten_with_their_deliveries(
    aviare: Partner, receiver: Receiver, clock: StoppedClock
) -> None:
    hooks.endpoint(aviare)
    hooks.told_of(aviare)
    deliver_due()
    clock.forward(days=29)
    kept = hooks.told_of(aviare)
    assert event_services.forget(now=clock.now) == 0
    clock.forward(days=2)
    assert event_services.forget(now=clock.now) == 1
    assert [delivery.pk for delivery in WebhookDelivery.objects.all()] == [kept.pk]
    assert not WebhookAttempt.objects.exists()
