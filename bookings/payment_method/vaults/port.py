"""The port every card vault is driven through. The number lives in the vault and nowhere else.

A capture is one opening of the card form: the traveler's browser sends number and security code to the vault's own
origin, and hands us the token it gets. The number stays there; the code only until it was delivered once, or for some
minutes, and the browser brings it to the vault anew. No method takes or gives a number or a code.
"""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class FormAccess:
    """What a page needs to show the vault's hosted fields. Public: it lets nobody read a card."""

    vault: str
    environment_key: str
    script_url: str
    frame_origin: str


@dataclass(frozen=True, slots=True)
class VaultCard:
    """What may be known of a card outside of its vault. `has_code`: its security code would go with a delivery now."""

    token: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    is_test: bool
    has_code: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver's answer to a request into which the vault put the card."""

    status: int
    body: Any


class VaultFailure(Exception):
    """Base of the two. `detail` is for our logs, never for callers, and never holds a token."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class TokenUnknown(VaultFailure):
    """The vault has no such card, or has it no more."""


class VaultUnavailable(VaultFailure):
    """No answer, or none that says anything. What was asked may or may not have happened."""


class Vault(Protocol):
    @property
    def name(self) -> str: ...

    def form_access(self) -> FormAccess: ...

    def retain(self, token: str) -> VaultCard:
        """Keep a card that was just captured, and say what it is. Raises TokenUnknown or VaultUnavailable."""
        ...

    def describe(self, token: str) -> VaultCard:
        """Raises TokenUnknown or VaultUnavailable."""
        ...

    def deliver(self, token: str, *, url: str, template: dict[str, Any], idempotency_key: str) -> Delivered:
        """Send the template to the receiver at `url`, with the card in its places. Hosts are allow-listed in the vault.

        Places are `{{credit_card_number}}`, `{{credit_card_month}}`, `{{credit_card_year}}` and
        `{{credit_card_verification_value}}`, which is left empty where the vault has no code; one that it has is
        delivered and forgotten. Raises TokenUnknown or VaultUnavailable; in the latter case the receiver may have the
        request, so repeat it with the same key.
        """
        ...

    def redact(self, token: str) -> None:
        """Forget the number for good; a card that is gone already is fine. Raises VaultUnavailable."""
        ...
