"""Identity documents, declared. They have no tools: a model has no business with a passport's number."""

from bookings.passenger.identity_document import proposing, services
from bookings.passenger.identity_document.schemas import (
    CreateIdentityDocument,
    IdentityDocumentDeleted,
    IdentityDocumentList,
    IdentityDocumentView,
    NameIdentityDocument,
    OfPassenger,
    ReplaceIdentityDocument,
)
from bookings.passenger.identity_document.services import DocumentAlreadyKept, DocumentExpired
from movmo.kit.errors import NotFound
from movmo.operations.context import Context
from movmo.operations.spec import DELETE, GET, POST, PUT, Credentials, Effect, Idempotency, operation

DOCUMENTS = "/v1/users/{user_id}/passengers/{passenger_id}/identity-documents"
RESOURCE = "identity-documents://v1/{passenger_id}/{document_id}"


@operation(
    "list_identity_documents",
    rest=GET(DOCUMENTS),
    needs=Credentials.KEY_AND_USER,
    scopes=("passengers:read",),
    effect=Effect.READ,
    errors=(NotFound,),
    tool=False,
)
def list_identity_documents(ctx: Context, request: OfPassenger) -> IdentityDocumentList:
    """List a passenger's identity documents

    Numbers are masked but for their end; get_identity_document shows one in full.
    """
    return services.list_of(ctx, request)


@operation(
    "get_identity_document",
    rest=GET(DOCUMENTS + "/{document_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("passengers:read",),
    effect=Effect.READ,
    resource=RESOURCE,
    errors=(NotFound,),
    tool=False,
    audited=True,
)
def get_identity_document(ctx: Context, request: NameIdentityDocument) -> IdentityDocumentView:
    """Show an identity document in full

    Each look is written into the audit trail.
    """
    return services.read(ctx, request)


@operation(
    "create_identity_document",
    rest=POST(DOCUMENTS),
    needs=Credentials.KEY_AND_USER,
    scopes=("passengers:write", "passengers:read"),  # the answer shows the document
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    resource=RESOURCE,
    errors=(NotFound, DocumentExpired, DocumentAlreadyKept),
    tool=False,
)
def create_identity_document(ctx: Context, request: CreateIdentityDocument) -> IdentityDocumentView:
    """Keep an identity document of a passenger

    Where an offer's identity_documents says that they are required, one of a supported type has to be kept before
    the passenger is put on the offer.
    """
    return services.add(ctx, request)


@operation(
    "replace_identity_document",
    rest=PUT(DOCUMENTS + "/{document_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("passengers:write", "passengers:read"),  # the answer shows the document
    effect=Effect.WRITE,
    resource=RESOURCE,
    errors=(NotFound, DocumentExpired, DocumentAlreadyKept),
    tool=False,
)
def replace_identity_document(ctx: Context, request: ReplaceIdentityDocument) -> IdentityDocumentView:
    """Replace an identity document

    Send every field, also those that stay as they are, with null for what there is not.
    """
    return services.replace(ctx, request)


@operation(
    "delete_identity_document",
    rest=DELETE(DOCUMENTS + "/{document_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("passengers:write",),
    effect=Effect.IRREVERSIBLE,
    propose=proposing.of_deletion,
    errors=(NotFound,),
    tool=False,
)
def delete_identity_document(ctx: Context, request: NameIdentityDocument) -> IdentityDocumentDeleted:
    """Delete an identity document

    It is gone at once. Bookings keep what the airline was told.
    """
    return services.delete(ctx, request)
