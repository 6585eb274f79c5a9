"""Writes of identity documents, and what a document must be.

DomainError
├── DocumentExpired       its last day is over, or comes before the end of the trip
└── DocumentAlreadyKept   this passenger has one of this type and number
"""

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction

from bookings.passenger import queries as passengers
from bookings.passenger.identity_document import queries
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.identity_document.schemas import (
    CreateIdentityDocument,
    DocumentType,
    IdentityDocumentDeleted,
    IdentityDocumentList,
    IdentityDocumentView,
    NameIdentityDocument,
    OfPassenger,
    ReplaceIdentityDocument,
)
from movmo.kit.errors import DomainError, InvalidArguments, Kind
from movmo.operations.context import Context

WITHOUT_EXPIRY = (DocumentType.KNOWN_TRAVELER, DocumentType.REDRESS)


class DocumentExpired(DomainError):
    kind = Kind.RULE
    code = "document_expired"
    message = "The document is valid until {expires_on} only; it is needed until {needed_until}."
    hint = "Give a document that is still valid then."

    @property
    def fields(self) -> dict[str, str]:
        return {"/expires_on": self.text}


class DocumentAlreadyKept(DomainError):
    kind = Kind.CONFLICT
    code = "document_already_kept"
    message = "This passenger already has a document of this type with this number."
    hint = "Change that one, or give another number."


def list_of(ctx: Context, request: OfPassenger) -> IdentityDocumentList:
    """Raises NotFound."""
    passenger = passengers.saved(user_id=ctx.traveler_id, passenger_id=request.passenger_id)
    return IdentityDocumentList(data=[queries.summary(document) for document in queries.of(passenger.id)])


def read(ctx: Context, request: NameIdentityDocument) -> IdentityDocumentView:
    """Raises NotFound."""
    return queries.view(_owned(ctx, request))


def add(ctx: Context, request: CreateIdentityDocument) -> IdentityDocumentView:
    """Raises NotFound, InvalidArguments, DocumentExpired or DocumentAlreadyKept."""
    passenger = passengers.saved(user_id=ctx.traveler_id, passenger_id=request.passenger_id)
    document = IdentityDocument(
        id=ctx.resource_id, user_id=ctx.traveler_id, passenger=passenger, created_at=ctx.now, **_fields(request, ctx)
    )
    _save(document, force_insert=True)
    return queries.view(document)


def replace(ctx: Context, request: ReplaceIdentityDocument) -> IdentityDocumentView:
    """Raises as `add`."""
    fields, document = _fields(request, ctx), _owned(ctx, request)
    for name, value in fields.items():
        setattr(document, name, value)
    _save(document, update_fields=[*fields, "lookup"])
    return queries.view(document)


def delete(ctx: Context, request: NameIdentityDocument) -> IdentityDocumentDeleted:
    """Raises NotFound."""
    _owned(ctx, request).delete()
    return IdentityDocumentDeleted(document_id=request.document_id)


def _owned(ctx: Context, request: NameIdentityDocument) -> IdentityDocument:
    return queries.owned(user_id=ctx.traveler_id, passenger_id=request.passenger_id, document_id=request.document_id)


def _save(document: IdentityDocument, **options: Any) -> None:
    try:
        with transaction.atomic():
            document.save(**options)
    except IntegrityError:
        raise DocumentAlreadyKept from None


def _fields(request: CreateIdentityDocument | ReplaceIdentityDocument, ctx: Context) -> dict[str, Any]:
    """The columns of a document. Raises InvalidArguments or DocumentExpired."""
    today = ctx.now.date()
    check_last_day(request.type, request.expires_on, today=today)
    if request.issued_on and request.issued_on > today:
        raise InvalidArguments({"/issued_on": "The date of issue lies in the future."})
    return {
        "type": request.type,
        "number": request.number,
        "issuing_country": request.issuing_country,
        "issued_on": request.issued_on and request.issued_on.isoformat(),
        "expires_on": request.expires_on and request.expires_on.isoformat(),
    }


def check_last_day(type_: DocumentType, expires_on: date | None, *, today: date) -> None:
    """Raises InvalidArguments or DocumentExpired."""
    if type_ in WITHOUT_EXPIRY and expires_on is not None:
        raise InvalidArguments({"/expires_on": "This number does not expire: leave it out, or give null."})
    if type_ not in WITHOUT_EXPIRY and expires_on is None:
        raise InvalidArguments({"/expires_on": "A document of this type has a last day of validity."})
    if expires_on and expires_on < today:
        raise DocumentExpired(expires_on=expires_on.isoformat(), needed_until=today.isoformat())
