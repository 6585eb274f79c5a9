"""What a provider asks of each person: a gender that it takes, and a document where the trip needs one.

DomainError
├── GenderUnsupported         the provider takes fewer than travel documents know
├── DocumentMissing           the trip needs one, and none is kept
├── DocumentTypeUnsupported   none of those kept is of a type that the provider takes
└── DocumentExpired           (identity_document.services) the best of them ends before the trip
"""

from dataclasses import dataclass
from datetime import date, timedelta

from bookings.passenger.identity_document import queries as documents
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.identity_document.schemas import DocumentType
from bookings.passenger.identity_document.services import DocumentExpired
from bookings.passenger.models import Passenger
from bookings.providers.types import Capabilities, NormalisedOffer
from movmo.kit.errors import DomainError, Kind

# Many countries let nobody in whose passport ends within half a year.
MARGIN = timedelta(days=183)
# Duffel's names of the types; others that it knows are not kept here.
OURS = {
    "passport": DocumentType.PASSPORT,
    "known_traveler_number": DocumentType.KNOWN_TRAVELER,
    "passenger_redress_number": DocumentType.REDRESS,
}
WHERE = "The traveler adds it in their Movmo account, under Passengers."


class GenderUnsupported(DomainError):
    kind = Kind.RULE
    code = "gender_unsupported"
    message = "{provider} does not take the gender {gender}."
    hint = "Ask the traveler which of `choices` to book under, change the saved passenger, or use another provider."
    example = {"provider": "duffel", "gender": "X", "choices": ["F", "M"]}


class DocumentMissing(DomainError):
    kind = Kind.RULE
    code = "document_missing"
    message = "This trip needs an identity document of every passenger; none is kept for this one."
    hint = WHERE
    example = {"passenger_id": "0199d2ab-5c1e-7c11-9d6f-2f6f5f0c3a10", "supported_types": ["passport"]}


class DocumentTypeUnsupported(DomainError):
    kind = Kind.RULE
    code = "document_type_unsupported"
    message = "{provider} takes none of the documents that are kept for this passenger."
    hint = "One of the types in `supported_types` is needed. " + WHERE
    example = {"provider": "sandbox", "kept": ["national_id"], "supported_types": ["passport"]}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The document that goes to the provider; None where none is asked for."""

    document: IdentityDocument | None = None
    ends_soon: bool = False


def check_gender(person: Passenger, capabilities: Capabilities) -> None:
    """Raises GenderUnsupported."""
    if person.gender not in capabilities.genders:
        choices = list(capabilities.genders)
        raise GenderUnsupported(provider=capabilities.provider, gender=person.gender, choices=choices)


def document_for(person: Passenger, content: NormalisedOffer, *, provider: str) -> Chosen:
    """The kept document that is good for longest. Raises DocumentMissing, DocumentTypeUnsupported, DocumentExpired."""
    if not content.identity_documents.required:
        return Chosen()
    supported = {OURS[name] for name in content.identity_documents.supported_types if name in OURS}
    kept, names = documents.of(person.id), sorted(supported)
    if not kept:
        raise DocumentMissing(passenger_id=str(person.id), supported_types=names)
    fitting = [document for document in kept if document.type in supported]
    if not fitting:
        types = sorted({document.type for document in kept})
        raise DocumentTypeUnsupported(provider=provider, kept=types, supported_types=names)
    best = max(fitting, key=lambda document: document.expiry or date.max)
    return Chosen(best, ends_soon=ends_soon(best.expiry, content))


def ends_soon(expires_on: date | None, content: NormalisedOffer) -> bool:
    """Whether some countries may refuse it, though it lasts for the trip. Raises DocumentExpired where it does not."""
    if expires_on is None:
        return False
    end_of_trip = content.segments[-1].arriving.local.date()
    if expires_on < end_of_trip:
        raise DocumentExpired(expires_on=expires_on.isoformat(), needed_until=end_of_trip.isoformat())
    return expires_on < end_of_trip + MARGIN
