"""The error tree of the house, and the kinds that doors translate.

    DomainError                     a refusal with a stable code, a kind and facts
    ├── InvalidArguments            the input has the wrong shape (fields by JSON pointer)
    ├── NotFound                    absent, soft-deleted, or somebody else's: indistinguishable
    ├── movmo.kit.*                 amounts, cursors, what HTTP itself refuses
    ├── movmo.operations.*          scope, limits, arguments, idempotency, contention
    ├── partners.authentication     key and token refusals
    ├── bookings.<noun>.*           next to the code that raises them: services, offer.party, booking.failures, …
    └── movmo.rest, mcp_server      the few that only one door has

A domain error never knows an HTTP status: `movmo.kit.http` maps kinds for the doors that speak HTTP.
Its facts are public: they travel to the caller as `details`, so nothing secret goes into them.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from movmo.kit.limiter.gcra import Outcome

MOST_FIELDS = 50
LONGEST_POINTER = 200


class Kind(StrEnum):
    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    RULE = "rule"
    LIMITED = "limited"
    UPSTREAM_REFUSED = "upstream_refused"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    TOO_LARGE = "too_large"
    INTERNAL = "internal"


_by_code: dict[str, type[DomainError]] = {}


class DomainError(Exception):
    """A refusal. `message` is a template over the facts; `hint` says what to do next.

    `example` gives facts to the reference pages where names alone do not tell what they look like. `limits` is how the
    caller's allowances stand, where the call came as far as those.
    """

    kind: ClassVar[Kind]
    code: ClassVar[str]
    message: ClassVar[str]
    hint: ClassVar[str]
    retryable: ClassVar[bool] = False
    example: ClassVar[dict[str, Any] | None] = None

    def __init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:
        """An abstract class gathers refusals of one sort; it has no code and is not raised."""
        super().__init_subclass__(**kwargs)
        if abstract:
            return
        if (known := _by_code.setdefault(cls.code, cls)) is not cls and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"{cls.__name__} and {known.__name__} both claim the code {cls.code!r}")

    def __init__(self, *, retry_after: int | None = None, **facts: Any) -> None:
        self.facts = facts
        self.retry_after = retry_after
        self.replayed = False
        self.limits: Outcome | None = None
        super().__init__(self.text)

    @property
    def text(self) -> str:
        """The sentence for people, with the facts filled in."""
        return self.message.format_map(self.facts)

    @property
    def fields(self) -> dict[str, str]:
        """Messages by JSON pointer, where the refusal is about fields."""
        return {}


class InvalidArguments(DomainError):
    """The input does not have the operation's shape.

    `fields` maps JSON pointers ("/passengers/0/birth_date") to messages. Callers may name fields as they like: so many
    are told, and of each so much, that the answer is never much longer than it has to be.
    """

    kind = Kind.INVALID
    code = "validation_failed"
    message = "The request has {count} invalid field(s)."
    hint = "Mend the fields named in `fields` and send the request again; nothing was changed."

    def __init__(self, fields: dict[str, str]) -> None:
        told = islice(fields.items(), MOST_FIELDS)
        self._fields = {pointer[:LONGEST_POINTER]: problem for pointer, problem in told}
        super().__init__(count=len(fields))

    @property
    def fields(self) -> dict[str, str]:
        return self._fields


class NotFound(DomainError):
    kind = Kind.NOT_FOUND
    code = "not_found"
    message = "There is no such {what}."
    hint = "Check the id; it may belong to somebody else or have been deleted."

    def __init__(self, what: str = "resource") -> None:
        super().__init__(what=what)


class Internal(DomainError):
    """Something broke on our side. Carries no detail: the log has it under the request id."""

    kind = Kind.INTERNAL
    code = "internal_error"
    message = "Something went wrong on our side."
    hint = "Try again with the same idempotency key; if it persists, send us the request id."
    retryable = True


def by_code(code: str) -> type[DomainError]:
    """The class that owns `code`. Raises KeyError for a code that no class claims."""
    return _by_code[code]


def revive(code: str, facts: dict[str, Any]) -> DomainError:
    """A stored refusal as it was raised, for replays."""
    error = by_code(code).__new__(by_code(code))
    DomainError.__init__(error, **facts)
    return error


def all_errors() -> dict[str, type[DomainError]]:
    """Every declared error by code, for the reference pages."""
    return dict(sorted(_by_code.items()))
