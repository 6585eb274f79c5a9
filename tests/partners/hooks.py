"""What tests of webhooks do again and again: register, let something happen, publish, deliver."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel

from movmo.kit import clock
from movmo.kit.outbound import Outbound
from movmo.operations import events, outbox
from movmo.operations.context import Caller, Door
from movmo.operations.dispatch import dispatch
from movmo.operations.events import EventType, Subject
from movmo.operations.models import Event
from partners.partner.models import Partner
from partners.webhook import addresses
from partners.webhook.models import WebhookDelivery, WebhookEndpoint
from partners.webhook.schemas import NewEndpointView
from tests.conftest import StoppedClock
from tests.contract.world import new_key, the
from tests.partners.receiver import URL

TICKETED = "booking.ticketed.v1"
CANCELLED = "booking.cancelled.v1"


def by_test_key(partner: Partner) -> Caller:
    return Caller(door=Door.REST, partner_id=partner.pk, api_key_id=uuid4(), is_live_key=False)


def by_live_key(partner: Partner) -> Caller:
    return Caller(door=Door.REST, partner_id=partner.pk, api_key_id=uuid4(), is_live_key=True)


def ask(caller: Caller, name: str, **arguments: Any) -> Any:
    """The view of an operation. Raises DomainError."""
    operation = the(name)
    return dispatch(operation, caller, arguments, None if operation.is_read else new_key()).view


def endpoint(partner: Partner, *, url: str = URL, by: Caller | None = None, **wanted: Any) -> NewEndpointView:
    made = ask(by or by_test_key(partner), "create_webhook_endpoint", url=url, **wanted)
    assert isinstance(made, NewEndpointView)
    return made


def row(made: NewEndpointView) -> WebhookEndpoint:
    return WebhookEndpoint.objects.get(pk=made.endpoint_id)


def type_named(name: str) -> EventType:
    return next(type_ for type_ in events.catalogue() if type_.name == name)


def happen(
    partner: Partner | None, *types: str, subject: UUID | None = None, is_live: bool = False, after: int = 0
) -> UUID:
    """Events about a made-up booking, of the types or one TICKETED, written and not yet published."""
    booking_id = subject or uuid4()
    about = Subject(booking_id, partner.pk if partner else None, None, is_live=is_live)
    happened = [(type_named(name), _payload(type_named(name), booking_id)) for name in types or (TICKETED,)]
    events.write(about, happened, after=after, at=clock.now())
    return booking_id


def _payload(type_: EventType, booking_id: UUID) -> BaseModel:
    return type_.payload.model_validate({"booking_id": booking_id, "status": type_.name.split(".")[1]})


def publish() -> list[Event]:
    outbox.drain()
    return list(Event.objects.exclude(position=None).order_by("position"))


def told_of(partner: Partner, *types: str) -> WebhookDelivery:
    """The latest delivery of what just happened."""
    happen(partner, *types)
    publish()
    return WebhookDelivery.objects.latest("id")


@contextmanager
def sent_by(outbound: Outbound) -> Iterator[None]:
    before = addresses.install(outbound)
    try:
        yield
    finally:
        addresses.install(before)


def shown(by: Caller, made: Any) -> Any:
    return ask(by, "get_webhook_endpoint", endpoint_id=str(made.endpoint_id))


def deliveries(by: Caller, made: Any, **filters: Any) -> Any:
    return ask(by, "list_webhook_deliveries", endpoint_id=str(made.endpoint_id), **filters)


def redeliver(by: Caller, made: Any, clock: StoppedClock, **changes: Any) -> int:
    wanted = {"since": clock.now - timedelta(hours=1), "until": clock.now + timedelta(hours=1), **changes}
    told = ask(
        by,
        "redeliver_webhooks",
        endpoint_id=str(made.endpoint_id),
        **{name: value if isinstance(value, str) else value.isoformat() for name, value in wanted.items()},
    )
    count: int = told.redelivered
    return count
