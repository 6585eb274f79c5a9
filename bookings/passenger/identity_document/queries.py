"""Reads of identity documents. Another traveler's is not found."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.identity_document.schemas import DocumentType, IdentityDocumentSummary, IdentityDocumentView
from movmo.accounts.masks import masked
from movmo.kit.errors import NotFound


def owned(*, user_id: UUID, passenger_id: UUID, document_id: UUID) -> IdentityDocument:
    """Raises NotFound."""
    mine = IdentityDocument.objects.filter(user_id=user_id, passenger_id=passenger_id, passenger__deleted_at=None)
    document = mine.filter(pk=document_id).first()
    if document is None:
        raise NotFound("identity document")
    return document


def of(passenger_id: UUID) -> list[IdentityDocument]:
    """The passenger's documents, oldest first."""
    return list(IdentityDocument.objects.filter(passenger_id=passenger_id).order_by("id"))


def summaries(passenger_ids: Iterable[UUID]) -> dict[UUID, list[IdentityDocumentSummary]]:
    """The documents of each passenger, masked."""
    found: dict[UUID, list[IdentityDocumentSummary]] = defaultdict(list)
    for document in IdentityDocument.objects.filter(passenger_id__in=list(passenger_ids)).order_by("id"):
        found[document.passenger_id].append(summary(document))
    return found


def summary(document: IdentityDocument) -> IdentityDocumentSummary:
    return IdentityDocumentSummary(
        document_id=document.id,
        type=DocumentType(document.type),
        number=masked(document.number),
        issuing_country=document.issuing_country,
        expires_on=document.expiry,
    )


def as_ordered(document: IdentityDocument) -> dict[str, Any]:
    """What the airline is told, as a booking keeps it."""
    return {
        "type": document.type,
        "number": document.number,
        "issuing_country": document.issuing_country,
        "expires_on": document.expires_on,
    }


def view(document: IdentityDocument) -> IdentityDocumentView:
    """In full: for its owner only, and each look leaves a line in the audit trail."""
    return IdentityDocumentView(
        document_id=document.id,
        passenger_id=document.passenger_id,
        type=DocumentType(document.type),
        number=document.number,
        issuing_country=document.issuing_country,
        issued_on=document.issue,
        expires_on=document.expiry,
    )
