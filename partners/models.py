"""Every table of partners, re-exported for Django."""

from partners.api_key.models import ApiKey
from partners.batch.models import Batch, BatchLine
from partners.member.models import Invitation, Member
from partners.oauth.models import Application, Connection
from partners.origin.models import CheckoutOrigin
from partners.partner.models import Partner
from partners.plan.models import UsagePlan
from partners.webhook.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "ApiKey",
    "Application",
    "Batch",
    "BatchLine",
    "CheckoutOrigin",
    "Connection",
    "Invitation",
    "Member",
    "Partner",
    "UsagePlan",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
