"""The back office of partners, re-exported for Django. OAuth's classes are named in settings.OAUTH2_PROVIDER."""

from partners.api_key.admin import ApiKeyAdmin
from partners.batch.admin import BatchAdmin
from partners.member.admin import InvitationAdmin, MemberAdmin
from partners.oauth.admin import ConnectionAdmin
from partners.partner.admin import PartnerAdmin
from partners.plan.admin import UsagePlanAdmin
from partners.webhook.admin import WebhookDeliveryAdmin, WebhookEndpointAdmin

__all__ = [
    "ApiKeyAdmin",
    "BatchAdmin",
    "ConnectionAdmin",
    "InvitationAdmin",
    "MemberAdmin",
    "PartnerAdmin",
    "UsagePlanAdmin",
    "WebhookDeliveryAdmin",
    "WebhookEndpointAdmin",
]
