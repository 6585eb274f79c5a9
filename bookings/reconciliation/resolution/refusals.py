"""Why something is not done about a discrepancy. Nothing was changed.

DomainError
├── DiscrepancyStateInvalid   409   it has another state than that needs
├── DiscrepancyChanged        409   somebody else was faster
├── AskedAlready              409   it waits for a second person already
├── NothingToSign             409   it was decided before
├── ChangedSinceAsked         409   it is not any more what was asked about
├── RulesChanged              409   a colleague has made a version of the rules meanwhile
├── SamePerson                403   who asked cannot sign
├── SigningReserved           403   who signs needs the right to
├── LimitReserved             403   rules that let one person alone end more
├── LinkImpossible            422   the line and the document cannot be one
├── NothingToLookUp           422   it names neither a booking nor an order
├── LookUpUnanswered          502   the provider did not answer
├── LockInvalid               422   a period that ends before it begins, or is locked already
└── NotForPartners            403   it takes two people of ours, and a key is none
"""

from movmo.kit.errors import DomainError, Kind


class DiscrepancyStateInvalid(DomainError):
    kind = Kind.CONFLICT
    code = "discrepancy_state_invalid"
    message = "The discrepancy is {state}; that needs one that is {needed}."
    hint = "Read it again. What is closed can be reopened first; what is gone was not found by the newest run."
    example = {"state": "resolved", "needed": "open, investigating or disputed"}


class DiscrepancyChanged(DomainError):
    kind = Kind.CONFLICT
    code = "discrepancy_changed"
    message = "Somebody else has changed the discrepancy meanwhile."
    hint = "Read it again, and decide by what it says now."
    retryable = True


class AskedAlready(DomainError):
    kind = Kind.CONFLICT
    code = "asked_already"
    message = "{what} waits for a second person already."
    hint = "It is among the countersignatures: another person signs or declines it there."
    example = {"what": "The end of this discrepancy"}


class NothingToSign(DomainError):
    kind = Kind.CONFLICT
    code = "nothing_to_sign"
    message = "This was {state} already."
    hint = "There is nothing to do. If it is still wanted, ask for it again."
    example = {"state": "declined"}


class ChangedSinceAsked(DomainError):
    kind = Kind.CONFLICT
    code = "changed_since_asked"
    message = "The {what} has changed since this was asked for."
    hint = "Decline this one. Whoever asked for it looks again, and asks anew if it still holds."
    example = {"what": "discrepancy"}


class RulesChanged(DomainError):
    kind = Kind.CONFLICT
    code = "rules_changed"
    message = "A colleague has made a version of the rules meanwhile."
    hint = "Look at the rules in force, and make yours anew if they are still needed."


class SamePerson(DomainError):
    kind = Kind.FORBIDDEN
    code = "same_person"
    message = "Who asked for it cannot sign it."
    hint = "A colleague with the same right signs or declines it; their name is written down beside yours."


class SigningReserved(DomainError):
    kind = Kind.FORBIDDEN
    code = "signing_reserved"
    message = "You may neither sign nor decline this."
    hint = "A colleague whose role has the right for it does."


class LimitReserved(DomainError):
    kind = Kind.FORBIDDEN
    code = "write_off_limit_reserved"
    message = "These rules would let one person alone end more than before: {raised}."
    hint = "Nothing was saved. Leave the limit or lower it, or ask a colleague of the role admin to raise it."
    example = {"raised": "EUR write_off 50.00 to 5000.00"}


class LinkImpossible(DomainError):
    kind = Kind.RULE
    code = "link_impossible"
    message = "The line cannot be linked with this document: {reason}."
    hint = "Name a document of the same provider and kind, by its id or its ticket number."
    example = {"reason": "the line is a refund, and the document a ticket"}


class NothingToLookUp(DomainError):
    kind = Kind.RULE
    code = "nothing_to_look_up"
    message = "The discrepancy names neither a booking of ours nor an order of the provider's."
    hint = "Link it with a document by hand, or dispute it with the provider."


class LookUpUnanswered(DomainError):
    kind = Kind.UPSTREAM_UNREACHABLE
    code = "look_up_unanswered"
    message = "{provider} did not answer the look-up."
    hint = "Nothing was changed. Try again in a few minutes."
    retryable = True
    example = {"provider": "sandbox"}


class LockInvalid(DomainError):
    kind = Kind.RULE
    code = "lock_invalid"
    message = "The period {starts_on} to {ends_on} cannot be locked: {reason}."
    hint = "Give the first and the last day of a period that no lock of this provider touches yet."
    example = {"starts_on": "2026-10-01", "ends_on": "2026-10-31", "reason": "a lock has some of its days already"}


class NotForPartners(DomainError):
    kind = Kind.FORBIDDEN
    code = "not_for_partners"
    message = "{action} is decided by our staff: it takes two people, and a key is none."
    hint = "Say in a note, or with a dispute while it stands, what you want; our staff decides."
    example = {"action": "write_off"}
