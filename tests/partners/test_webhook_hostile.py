"""Receivers that mean harm, and what happens while a request is out: one endpoint spoils nothing for the others."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.db import connection as database

from movmo.kit.errors import InvalidArguments
from movmo.operations.models import Event
from partners.partner.models import Partner
from partners.webhook import claiming, delivering, sending
from partners.webhook.delivering import deliver_due
from partners.webhook.models import MOST_ENDPOINTS, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tests.conftest import StoppedClock
from tests.partners import hooks
from tests.partners.receiver import NAME, Receiver, answer, receiving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path) as receiver, hooks.sent_by(receiver.outbound):
        yield receiver


def move(partner: Partner, made: Any) -> None:
    hooks.ask(
        hooks.by_test_key(partner),
        "update_webhook_endpoint",
        endpoint_id=str(made.endpoint_id),
        url=f"https://{NAME}/new",
        event_types=[],
        enabled=True,
    )


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 99999999999 00:00:00 GMT",
        "Mon, 01 Jan 2026 99999999999999999999:00:00 GMT",
        "Mon, 01 Jan 2026 00:00:00 +99999999999999999999",
        "Mon, 01 Jan 0001 00:00:00 +2359",
    ],
)
def test_a_retry_after_that_is_no_date_stops_nobody(
    aviare: Partner, kestrel: Partner, receiver: Receiver, clock: StoppedClock, date: str
) -> None:
    receiver.answers = [answer("503 No", f"Retry-After: {date}\r\n")]
    for partner in (aviare, kestrel):
        hooks.endpoint(partner)
        hooks.happen(partner)
    hooks.publish()
    deliver_due()
    assert list(WebhookDelivery.objects.values_list("last_failure", "lease_until")) == [("status", None)] * 2
    assert all(
        due < clock.now + timedelta(seconds=10) for due in WebhookDelivery.objects.values_list("due_at", flat=True)
    )


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\nx0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\nx",
    ],
)
def test_a_length_beyond_all_numbers_is_the_endpoint_s_failure(
    aviare: Partner, receiver: Receiver, reply: bytes
) -> None:
    receiver.answers = [reply]
    made = hooks.endpoint(aviare)
    hooks.told_of(aviare)
    deliver_due()
    assert WebhookAttempt.objects.get().failure == "no_answer"
    assert hooks.row(made).failing_since is not None


def test_an_event_that_is_forgotten_while_it_is_out_stops_nobody(
    aviare: Partner, kestrel: Partner, receiver: Receiver
) -> None:
    for partner in (aviare, kestrel):
        hooks.endpoint(partner)
        hooks.happen(partner)
    hooks.publish()

    def forget(connection: Any, request: Any) -> None:
        Event.objects.filter(partner_id=aviare.pk).delete()
        database.close()
        connection.sendall(answer())

    receiver.answers = [forget]
    deliver_due()
    assert WebhookDelivery.objects.get().state == "delivered"


def test_410_of_an_address_that_was_left_meanwhile_switches_nothing_off(
    aviare: Partner, receiver: Receiver, clock: StoppedClock
) -> None:
    made = hooks.endpoint(aviare)
    hooks.told_of(aviare)
    (out,) = claiming.claim(most=1, now=clock.now)
    move(aviare, made)
    receiver.answers = [answer("410 Gone")]
    delivering.settle(out, sending.send(out, receiver.outbound), now=clock.now)
    row = WebhookEndpoint.objects.get()
    assert (row.state, row.failing_since) == ("enabled", None)
    out.refresh_from_db()
    assert out.state == "waiting"


@pytest.mark.parametrize(
    "changes",
    [
        {"since": "0001-01-01T00:00:00+23:59"},
        {"until": "9999-12-31T23:59:59-23:59"},
        {"since": "0001-01-01T00:00:00+23:59", "status": "missed"},
    ],
)
def test_a_range_at_the_ends_of_time_is_no_crash(aviare: Partner, clock: StoppedClock, changes: dict[str, str]) -> None:
    here = hooks.by_test_key(aviare)
    made = hooks.endpoint(aviare)
    hooks.told_of(aviare)
    with pytest.raises(InvalidArguments):
        hooks.redeliver(here, made, clock, **changes)


def test_a_new_address_begins_without_the_failures_of_the_old_one(
    aviare: Partner, receiver: Receiver, clock: StoppedClock
) -> None:
    receiver.answers = [answer("503 No")]
    made = hooks.endpoint(aviare)
    hooks.told_of(aviare)
    deliver_due()
    assert hooks.row(made).failing_since is not None
    move(aviare, made)
    assert hooks.row(made).failing_since is None


def test_what_is_out_is_settled_also_when_no_more_can_be_taken(
    aviare: Partner, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks.endpoint(aviare)
    hooks.told_of(aviare)
    takes: list[Callable[..., list[WebhookDelivery]]] = [claiming.claim]

    def claim(**wanted: Any) -> list[WebhookDelivery]:
        if not takes:
            raise OperationalError("the connection is closed")
        return takes.pop()(**wanted)

    monkeypatch.setattr(claiming, "claim", claim)
    with pytest.raises(OperationalError):
        deliver_due()
    assert WebhookDelivery.objects.get().state == "delivered"


def test_a_commit_whose_answer_was_lost_is_no_reason_to_stop(
    aviare: Partner, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks.endpoint(aviare)
    hooks.told_of(aviare)
    settle, lost = delivering.settle, ["the first"]

    def settled(*about: Any, **at: Any) -> None:
        settle(*about, **at)
        if lost:
            raise OperationalError(lost.pop())

    monkeypatch.setattr(delivering, "settle", settled)
    deliver_due()
    assert WebhookDelivery.objects.get().state == "delivered"
    assert len(receiver.received) == WebhookAttempt.objects.count() == 1


def slow_endpoints_of(partner: Partner) -> None:
    """As many as a partner may have, with more to do for each than it has places."""
    for by, is_live in ((hooks.by_test_key(partner), False), (hooks.by_live_key(partner), True)):
        for _ in range(MOST_ENDPOINTS):
            hooks.endpoint(partner, by=by)
        for _ in range(claiming.PLACES):
            hooks.happen(partner, is_live=is_live)


def test_a_partner_of_twenty_slow_endpoints_leaves_the_next_free_place_to_another(
    aviare: Partner, kestrel: Partner, clock: StoppedClock
) -> None:
    slow_endpoints_of(aviare)
    hooks.publish()
    places = claiming.claim(most=delivering.AT_ONCE, now=clock.now)
    hooks.endpoint(kestrel)
    for _ in range(claiming.PLACES):
        hooks.happen(kestrel)
    hooks.publish()
    for _ in range(claiming.PLACES):
        delivering.settle(places.pop(0), sending.Outcome(clock.now, 14_900, status=200), now=clock.now)
        held = Counter(one.endpoint.partner_id for one in places)
        places += claiming.claim(most=1, now=clock.now, held=held)
    assert [one.endpoint.partner_id for one in places[-claiming.PLACES :]] == [kestrel.pk] * claiming.PLACES


def test_partners_share_the_places_that_are_free_at_once(
    aviare: Partner, kestrel: Partner, clock: StoppedClock
) -> None:
    slow_endpoints_of(aviare)
    hooks.endpoint(kestrel)
    for _ in range(claiming.PLACES):
        hooks.happen(kestrel)
    hooks.publish()
    taken = Counter(one.endpoint.partner_id for one in claiming.claim(most=2 * claiming.PLACES, now=clock.now))
    assert taken == {aviare.pk: claiming.PLACES, kestrel.pk: claiming.PLACES}
