"""Who may have which rows. Asked when an export is ordered, when it is listed, and again at each download.

a partner's key   its partner's exports, made with a key of the same mode; while it works and the plan allows it
staff             with the right to export: the datasets whose lists they see, whoever made the export
"""

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet

from bookings.export.datasets import DATASETS, Dataset
from bookings.export.models import Export
from movmo.accounts.models import User
from movmo.operations.catalogue import with_successors
from partners.api_key.models import ApiKey

OPERATION = "create_export_link"
"""What a plan has to allow for a download."""


def clerk_of(user: object) -> User:
    """Who is signed in, where only staff come in."""
    if not isinstance(user, User):
        raise PermissionDenied
    return user


def may_export(clerk: User, dataset: Dataset) -> bool:
    return bool(clerk.is_active and clerk.is_staff and clerk.has_perms(dataset.permissions))


def open_to(clerk: User) -> list[Dataset]:
    return [dataset for dataset in DATASETS.values() if may_export(clerk, dataset)]


def shown_to(clerk: User, exports: "QuerySet[Export]") -> "QuerySet[Export]":
    return exports.filter(dataset__in=[dataset.name.value for dataset in open_to(clerk)])


def of_key(partner_id: UUID, *, is_live: bool) -> Q:
    """The exports that a key of this partner and mode reaches."""
    return Q(partner_id=partner_id, is_live=is_live)


def key_still_may(key_id: UUID, export: Export, *, now: datetime) -> bool:
    key = ApiKey.objects.select_related("partner__plan").filter(pk=key_id).first()
    if key is None or not key.is_usable(now) or not key.partner.is_active:
        return False
    allowed = with_successors(key.partner.plan.allowed_operations.split())
    is_theirs = (key.partner_id, key.is_live) == (export.partner_id, export.is_live)
    return is_theirs and (not allowed or OPERATION in allowed)
