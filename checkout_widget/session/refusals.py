"""What a checkout refuses, to partners and in the frame.

DomainError
├── OriginNotRegistered       422  the page is not one that is registered for the partner
├── OfferNotActive            409  the offer was booked, or its time is over
├── CheckoutNotOpen           409  the session is over, or its booking is under way
├── ClientSecretInvalid       401  not the session's secret
├── FrameReplaced             401  another frame has claimed the session since
├── QuoteUnknown              400  a yes to a price that nobody was shown
├── QuoteChanged              409  the traveler said yes to another price, or to more, than is sold now
├── SecurityCodeWanted        422  the card's vault has no security code of it, or none any more
├── UnderWayElsewhere         409  the same offer is being booked for the same person in another checkout
├── BookedElsewhere           409  and there it is booked
└── CodeTriesExhausted        429  too many codes were typed into one checkout
"""

from movmo.kit.errors import DomainError, Kind


class OriginNotRegistered(DomainError):
    kind = Kind.RULE
    code = "origin_not_registered"
    message = "{origin} is not registered for your checkout."
    hint = "Register the origin of the page that embeds the button on your pages at /partner/, as browsers write it."
    example = {"origin": "https://shop.example"}

    @property
    def fields(self) -> dict[str, str]:
        return {"/origin": self.text}


class OfferNotActive(DomainError):
    kind = Kind.CONFLICT
    code = "offer_not_active"
    message = "This offer is {status}; nothing can be bought of it."
    hint = "Search again at the provider, and open a session for a fresh offer."
    example = {"status": "expired"}


class CheckoutNotOpen(DomainError):
    kind = Kind.CONFLICT
    code = "checkout_not_open"
    message = "This checkout is {status}."
    hint = "Read the session: a completed one names its booking. For another purchase open a new session."
    example = {"status": "completed"}


class ClientSecretInvalid(DomainError):
    kind = Kind.UNAUTHENTICATED
    code = "client_secret_invalid"
    message = "This is not the client secret of this checkout."
    hint = "Open a session on your server, and hand its client_secret to the page that shows the button."


class FrameReplaced(DomainError):
    kind = Kind.UNAUTHENTICATED
    code = "frame_replaced"
    message = "This checkout was opened again somewhere else."
    hint = "Go on there, or close this one and press the button again. Nothing is booked twice."


class QuoteUnknown(DomainError):
    kind = Kind.INVALID
    code = "quote_unknown"
    message = "This is not the version of a price that was shown here."
    hint = "Nothing was booked. Look at the price, and say yes to that."


class QuoteChanged(DomainError):
    kind = Kind.CONFLICT
    code = "quote_changed"
    message = "The price has changed. It was {old[amount]} {old[currency]} and is {new[amount]} {new[currency]} now."
    hint = "Nothing was booked and no money moved. Look at the new price, and say yes to it if you agree."
    example = {"old": {"amount": "412.30", "currency": "EUR"}, "new": {"amount": "431.80", "currency": "EUR"}}


class SecurityCodeWanted(DomainError):
    kind = Kind.RULE
    code = "security_code_wanted"
    message = "This card pays with its security code, and the vault has none of it."
    hint = "Nothing was booked and no money moved. Enter the security code, and say yes again."


class UnderWayElsewhere(DomainError):
    kind = Kind.CONFLICT
    code = "under_way_elsewhere"
    message = "You are buying this flight in another checkout, and the airline has not answered yet."
    hint = "Do not pay again. Nothing was booked here; wait for the answer there, which comes by e-mail too."


class BookedElsewhere(DomainError):
    kind = Kind.CONFLICT
    code = "booked_elsewhere"
    message = "You have bought this flight already, in another checkout."
    hint = "Nothing was booked here and no money moved. You find the booking in your e-mail."


class CodeTriesExhausted(DomainError):
    kind = Kind.LIMITED
    code = "code_tries_exhausted"
    message = "Too many codes were typed into this checkout."
    hint = "Close it and begin anew. Nothing was booked."
