"""What can go wrong on the way, told to the person on stderr and to the agent as a JSON-RPC error.

Trouble
├── AddressRefused   the server's address is none, or would carry tokens in the open
├── Unreachable      no answer, or one that says to come back later
├── NotMovmo         an answer that no Movmo server gives, or one that leads elsewhere
├── TokenRefused     the authorization server's own refusal
├── SignInFailed     nobody signed in, or somebody declined
├── StoreRefused     tokens cannot be kept, or others could read them
└── Broken           a fault of this program
"""

import sys
from contextlib import suppress
from typing import ClassVar

LONGEST = 500


class Trouble(Exception):
    code: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(one_line(f"{message} {hint}")[:LONGEST])


class AddressRefused(Trouble):
    code = "address_refused"


class Unreachable(Trouble):
    code = "unreachable"
    retryable = True


class NotMovmo(Trouble):
    code = "not_movmo"


class TokenRefused(Trouble):
    code = "token_refused"

    def __init__(self, error: str, description: str) -> None:
        self.error = error
        super().__init__(f"The authorization server refused: {error}.", description)


class SignInFailed(Trouble):
    code = "sign_in_failed"


class StoreRefused(Trouble):
    code = "store_refused"


class Broken(Trouble):
    code = "bridge_failed"


def one_line(text: str) -> str:
    """What somebody else wrote must neither begin a line of its own nor steer a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def say(text: str) -> None:
    """One line to the person. Hosts keep stderr in a log; stdout is the protocol's."""
    with suppress(OSError, ValueError, AttributeError):  # closed, or there is none
        sys.stderr.write(f"movmo-mcp: {one_line(text)}\n")
        sys.stderr.flush()
