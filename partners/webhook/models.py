"""Where partners want to be told of events, and what became of each telling."""

from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q

from movmo.kit.encrypted import EncryptedField
from movmo.kit.ids import new_id
from movmo.operations.history import kept
from movmo.operations.models import Event
from partners.partner.models import Partner

MOST_ENDPOINTS = 10
"""Of one partner in one mode."""


class OfHost(models.Model):
    """Of an address only the host: the rest may hold a password of the partner's."""

    host = models.CharField(max_length=500)

    class Meta:
        abstract = True


class WebhookEndpoint(models.Model):
    """An address of a partner, for events of test keys' bookings or of live ones. `event_types` empty: every type.

    `slot` numbers those of one partner and mode: the unique constraint is what holds them to MOST_ENDPOINTS. `sequence`
    counts the events about the endpoint itself. `failing_since` is the first failure after the last success,
    `failed_at` the last one, `served_at` when deliveries were last taken to be sent.
    """

    class State(models.TextChoices):
        ENABLED = "enabled"
        DISABLED = "disabled"
        DELETED = "deleted"

    class Reason(models.TextChoices):
        PARTNER = "partner", "by the partner"
        GONE = "gone", "it answered 410 Gone"
        FAILING = "failing", "it failed for days"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="webhook_endpoints")
    is_live = models.BooleanField()
    slot = models.PositiveSmallIntegerField(null=True)
    url = models.CharField(max_length=500)
    event_types = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ENABLED)
    disabled_reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)
    disabled_at = models.DateTimeField(null=True)
    secret = EncryptedField(null=True)
    old_secret = EncryptedField(null=True)
    old_secret_until = models.DateTimeField(null=True)
    rotations = models.PositiveIntegerField(default=0)
    sequence = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    served_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    history = kept(
        table="webhook_endpoint_history",
        but=["url", "secret", "old_secret", "sequence", "failing_since", "failed_at", "served_at", "updated_at"],
        beside=[OfHost],
    )

    class Meta:
        db_table = "webhook_endpoint"
        constraints = [
            models.UniqueConstraint(fields=["partner", "is_live", "slot"], name="one_webhook_endpoint_per_slot"),
            models.CheckConstraint(
                condition=Q(state="deleted", slot=None)
                | Q(state__in=["enabled", "disabled"], slot__isnull=False, slot__gte=1, slot__lte=MOST_ENDPOINTS),
                name="webhook_endpoint_slot",
            ),
            models.CheckConstraint(
                condition=Q(state="disabled") | Q(disabled_reason=""), name="webhook_endpoint_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host} ({self.mode})"

    @property
    def mode(self) -> str:
        return "live" if self.is_live else "test"

    @property
    def host(self) -> str:
        """With its port, without a name and a password that may stand before it."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def wants(self, type_: str) -> bool:
        return not self.event_types or type_ in self.event_types


class Failure(models.TextChoices):
    """What became of an attempt that was no success. The first seven are `movmo.kit.outbound`'s."""

    DNS = "dns", "the name leads nowhere"
    REFUSED_ADDRESS = "refused_address", "an address that is not on the public internet"
    CONNECT = "connect", "no connection could be made or kept"
    TLS = "tls", "no trusted certificate for the name"
    TIMEOUT = "timeout", "no complete answer in time"
    TOO_LARGE = "too_large", "the answer was too large"
    NO_ANSWER = "no_answer", "the answer was no HTTP response"
    REDIRECT = "redirect", "a redirect, which is not followed"
    GONE = "gone", "410 Gone"
    STATUS = "status", "another status than 2xx"
    OURS = "ours", "it failed on our side"


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint. `tries` are those of this round, which a redelivery begins anew; `fence`
    counts all that were ever begun and tells whose the row is until `lease_until`.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="webhook_deliveries")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    last_failure = models.CharField(max_length=20, choices=Failure.choices, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhook_delivery"
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="one_webhook_delivery_per_event"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "delivered", "failed"]), name="webhook_delivery_state"
            ),
        ]
        indexes = [
            models.Index(fields=["endpoint", "due_at", "id"], condition=Q(state="waiting"), name="webhook_due"),
            models.Index(fields=["endpoint", "id"], name="webhook_of_endpoint"),
            models.Index(fields=["settled_at"], condition=Q(state="failed"), name="webhook_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.event.type} to {self.endpoint.host}"


class WebhookAttempt(models.Model):
    """One request and what came back. A number that is missing was begun by a worker that did not live to tell."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    failure = models.CharField(max_length=20, choices=Failure.choices, blank=True)
    duration_ms = models.PositiveIntegerField()

    class Meta:
        db_table = "webhook_attempt"
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="one_webhook_attempt_per_number")]

    def __str__(self) -> str:
        return f"{self.number}: {self.failure or self.status}"
