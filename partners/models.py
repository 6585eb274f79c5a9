"""Every table of partners, re-exported for Django."""

from partners.api_key.models import ApiKey
from partners.oauth.models import Application, Connection
from partners.partner.models import Partner
from partners.plan.models import UsagePlan
from partners.webhook.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "ApiKey",
    "Application",
    "Connection",
    "Partner",
    "UsagePlan",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
