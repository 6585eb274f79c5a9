"""What the door takes and gives about webhook endpoints and deliveries."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from movmo.operations.context import PageRequest, Request, View
from movmo.operations.moments import Moment
from movmo.operations.redaction import Redacted

URL = "https://hooks.example.com/movmo"
EVENT_TYPE = "booking.ticketed.v1"
SHOWN_ONCE = (
    "What signatures are made with. Keep it: it is told in this answer, and again to a repetition with the same "
    "idempotency key, and nowhere else."
)

# An address may hold a password of its own in its path or query.
Url = Annotated[str, Redacted, Field(min_length=1, max_length=500)]
EventTypeName = Annotated[str, Field(pattern=r"^[a-z_]{1,40}(\.[a-z0-9_]{1,40}){1,3}$", max_length=60)]


class EndpointRequest(Request):
    endpoint_id: UUID = Field(description="The endpoint's id.")


class CreateEndpoint(Request):
    url: Url = Field(
        description="Where to send: https, a public host name, port 443, no credentials and no fragment.",
        examples=[URL],
    )
    event_types: list[EventTypeName] = Field(
        default=[],
        max_length=50,
        description="Only these types; `[]` for every one, those that are yet to come too.",
        examples=[[EVENT_TYPE]],
    )


class UpdateEndpoint(EndpointRequest):
    url: Url = Field(description="Where to send from now on; the same rules as at first.", examples=[URL])
    event_types: list[EventTypeName] = Field(
        max_length=50, description="Only these types; `[]` for every one.", examples=[[EVENT_TYPE]]
    )
    enabled: bool = Field(
        description="Whether to send. What waits while it is off goes out when it is on again.", examples=[True]
    )


class DeliveryRequest(EndpointRequest):
    delivery_id: UUID = Field(description="The delivery's id.")


class DeliveryStatus(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class ListDeliveries(PageRequest):
    endpoint_id: UUID = Field(description="The endpoint's id.")
    status: DeliveryStatus | None = Field(default=None, description="Only deliveries in this status.")


class RedeliverRange(EndpointRequest):
    since: Moment = Field(description="Events that happened at or after this time.", examples=["2026-09-14T07:00:00Z"])
    until: Moment = Field(description="Events that happened before this time.", examples=["2026-09-14T09:00:00Z"])
    status: Literal["failed", "delivered", "missed"] = Field(
        default="failed",
        description="Which: `failed` deliveries, `delivered` ones once more, or events that were `missed` because the "
        "endpoint was off or not there yet.",
    )


class EndpointView(View):
    endpoint_id: UUID
    url: str = Field(examples=[URL])
    event_types: list[str] = Field(description="Empty: every type.", examples=[[EVENT_TYPE]])
    mode: Literal["test", "live"] = Field(description="The mode of the key that made it: whose bookings it hears of.")
    enabled: bool
    disabled_reason: Literal["partner", "gone", "failing"] | None = Field(
        description="Why it is off: you said so, it answered 410, or it failed for five days.", examples=[None]
    )
    disabled_at: datetime | None = Field(examples=[None])
    failing_since: datetime | None = Field(
        description="The first failure after the last success.", examples=["2026-09-14T07:35:00Z"]
    )
    old_secret_until: datetime | None = Field(
        description="Until when the secret before the last rotation signs too.", examples=[None]
    )
    created_at: datetime
    updated_at: datetime


class NewEndpointView(EndpointView):
    secret: str = Field(description=SHOWN_ONCE, examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class SecretView(View):
    endpoint_id: UUID
    secret: str = Field(description=SHOWN_ONCE, examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    old_secret_until: datetime = Field(description="Until then every delivery carries both signatures.")


class EndpointDeleted(View):
    endpoint_id: UUID


class EndpointList(View):
    data: list[EndpointView] = Field(description="All of the key's mode, oldest first; at most ten.")


class AttemptView(View):
    at: datetime
    status: int | None = Field(description="The HTTP status, if an answer came.", examples=[503])
    failure: str | None = Field(
        description="`dns`, `refused_address`, `connect`, `tls`, `timeout`, `too_large`, `no_answer`, `redirect`, "
        "`gone`, `status`, `ours`; null for a success.",
        examples=["status"],
    )
    duration_ms: int = Field(examples=[212])


class DeliveryView(View):
    delivery_id: UUID
    endpoint_id: UUID
    event_id: UUID = Field(description="The `webhook-id` of every attempt.")
    event_type: str = Field(examples=[EVENT_TYPE])
    status: DeliveryStatus
    next_attempt_at: datetime | None = Field(description="While it waits: not before this time.", examples=[None])
    created_at: datetime
    attempts: list[AttemptView] = Field(description="In their order, those before a redelivery too.")


class DeliveryList(View):
    data: list[DeliveryView] = Field(description="Newest first.")
    next_cursor: str | None = None


class RangeView(View):
    redelivered: int = Field(description="How many deliveries are on their way again.", examples=[12])
