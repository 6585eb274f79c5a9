"""What is told about an endpoint itself."""

from uuid import UUID

from pydantic import BaseModel, Field

from movmo.operations import events
from movmo.operations.events import EventType


class EndpointEvent(BaseModel):
    endpoint_id: UUID


class EndpointDisabledEvent(EndpointEvent):
    reason: str = Field(description="`gone`: it answered 410. `failing`: no success for days.", examples=["failing"])


PING = events.declare(
    EventType("webhook_endpoint.ping.v1", "A test that you asked for; goes to the endpoint it names.", EndpointEvent)
)
DISABLED = events.declare(
    EventType(
        "webhook_endpoint.disabled.v1",
        "We stopped sending to an endpoint; your other endpoints are told.",
        EndpointDisabledEvent,
    )
)
