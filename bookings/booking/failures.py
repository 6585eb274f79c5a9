"""Why a booking failed, as its caller hears it. Each of these is final: nothing was booked."""

from bookings.booking.models import Booking
from bookings.offer.services import OfferStale
from bookings.offer.services import SoldOut as SoldOut
from bookings.payment_method.services import CardGone as CardGone
from bookings.providers.errors import ProviderFailure, Refusal, Rejected
from movmo.kit.errors import DomainError, Kind
from movmo.kit.money import Money

BOOK_ANEW = "Nothing was booked and no money moved. "


class PriceChanged(DomainError):
    kind = Kind.CONFLICT
    code = "price_changed"
    message = "The price is {new[amount]} {new[currency]}, not {old[amount]} {old[currency]}."
    hint = BOOK_ANEW + (
        "The offer is still yours: read it anew with refresh_offer, show its total to the traveler, and if they agree "
        "book again with it and a new idempotency key. A hold is confirmed with the total under `new`."
    )

    example = {"old": {"amount": "412.30", "currency": "EUR"}, "new": {"amount": "431.80", "currency": "EUR"}}

    @classmethod
    def between(cls, old: Money, new: Money) -> "PriceChanged":
        return cls(
            old={"amount": old.amount, "currency": old.currency}, new={"amount": new.amount, "currency": new.currency}
        )


class SeatTaken(DomainError):
    kind = Kind.CONFLICT
    code = "seat_taken"
    message = "A seat that was chosen has been sold to somebody else meanwhile."
    hint = BOOK_ANEW + (
        "The offer is still yours: choose another seat with get_seat_map and select_services, or none, and book it "
        "with its total and a new idempotency key."
    )


class InstantNotAvailable(DomainError):
    kind = Kind.RULE
    code = "instant_not_available"
    message = "{provider} only holds this offer; it cannot be booked at once."
    hint = BOOK_ANEW + "The offer is still yours: book it with mode `hold` and a new idempotency key."


class PaymentDeclined(DomainError):
    kind = Kind.RULE
    code = "payment_declined"
    message = "The payment was declined."
    hint = BOOK_ANEW + (
        "The offer is still yours, and a hold still held: call again with a new idempotency key and another card of "
        "get_payment_methods."
    )


class PaymentUnanswered(DomainError):
    """The one failure that cannot say whether money is held."""

    kind = Kind.RULE
    code = "payment_unanswered"
    message = "The bank's answer was lost, and it cannot be asked again: the vault has lost the card."
    hint = (
        "Nothing was booked. The bank may hold the amount; it is not captured, and is let go within days. Tell the "
        "traveler before they pay again, with another offer and another card."
    )


class OrderRefused(DomainError):
    kind = Kind.UPSTREAM_REFUSED
    code = "provider_refused"
    message = "{provider} refused the booking."
    hint = BOOK_ANEW + "Check the passengers' details, or book another offer."


class ProviderUnavailable(DomainError):
    kind = Kind.UPSTREAM_UNREACHABLE
    code = "provider_unavailable"
    message = "{provider} could not be reached."
    hint = BOOK_ANEW + "The offer is still yours: book it again with a new idempotency key."


def from_provider(failure: ProviderFailure, booking: Booking) -> DomainError:
    """A final failure in the house's words. The provider's own text stays in our logs."""
    if not isinstance(failure, Rejected):
        return ProviderUnavailable(provider=booking.provider)
    if failure.refusal is Refusal.PRICE_CHANGED and failure.new_total is not None:
        return PriceChanged.between(booking.total, failure.new_total)
    if failure.refusal is Refusal.OFFER_EXPIRED:
        return OfferStale(reason="the provider says it has expired", expires_at=booking.offer.expires_at.isoformat())
    plain: dict[Refusal, DomainError] = {
        Refusal.SOLD_OUT: SoldOut(),
        Refusal.SEAT_TAKEN: SeatTaken(),
        Refusal.PAYMENT_DECLINED: PaymentDeclined(),
        Refusal.HOLD_ONLY: InstantNotAvailable(provider=booking.provider),
    }
    return plain.get(failure.refusal, OrderRefused(provider=booking.provider))


def keeps_offer(failure: DomainError) -> bool:
    """Whether the same offer may still be booked after this failure."""
    mendable = PriceChanged | SeatTaken | PaymentDeclined | CardGone | InstantNotAvailable | ProviderUnavailable
    return isinstance(failure, mendable)
