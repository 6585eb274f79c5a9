"""What staff may do that is no list and no row of one. `movmo.roles` says who may; Django keeps them with the user."""

REVEAL_PERSONAL = "accounts.reveal_personal"
IMPERSONATE = "accounts.impersonate"
APPROVE_WRITE_OFF = "accounts.approve_write_off"
RAISE_WRITE_OFF = "accounts.raise_write_off"
LOCK_PERIOD = "accounts.lock_period"
VERIFY_AUDIT = "accounts.verify_audit"
EXPORT = "accounts.export"

IN_WORDS = {
    REVEAL_PERSONAL: "Can read what is masked, one field at a time and with a reason",
    IMPERSONATE: "Can see the pages of a traveler as they see them, with a reason",
    APPROVE_WRITE_OFF: "Can sign how a colleague ends a discrepancy, and what is let pass",
    RAISE_WRITE_OFF: "Can raise what one person alone may end, and sign it",
    LOCK_PERIOD: "Can lock a period that is reconciled",
    VERIFY_AUDIT: "Can verify the audit trail",
    EXPORT: "Can export the lists they see",
}


def declared() -> tuple[tuple[str, str], ...]:
    """As a model's `permissions` has them."""
    return tuple((right.partition(".")[2], words) for right, words in IN_WORDS.items())
