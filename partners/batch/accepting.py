"""A batch is looked through before any of it is accepted: each line as its call would be, and all problems are told."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from movmo.kit.errors import DomainError, InvalidArguments
from movmo.kit.http import MalformedJson, read_json
from movmo.operations import arguments, card_numbers, scopes
from movmo.operations.context import Caller, Context, Door
from partners import authentication
from partners.batch import registered
from partners.batch.refusals import (
    BatchInvalid,
    BatchTooLong,
    KeyRepeated,
    LineUnreadable,
    NotInBatches,
    OperationUnknown,
)
from partners.batch.schemas import MOST_LINES, Content, CreateBatch

MOST_PROBLEMS = 1_000
"""So many are told one by one; of what is beyond only their number."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A line that can be run. `content` is what was sent, as JSON."""

    number: int
    operation: str
    user_id: UUID | None
    content: bytes


def look_through(ctx: Context, request: CreateBatch) -> list[Accepted]:
    """Raises BatchInvalid, BatchTooLong or InvalidArguments."""
    lines = [(number, text) for number, text in enumerate(request.lines.split("\n"), start=1) if text.strip()]
    if not lines:
        raise InvalidArguments({"/lines": "There is no line in it."})
    if len(lines) > MOST_LINES:
        raise BatchTooLong(lines=len(lines), limit=MOST_LINES)
    reading = _Reading(replace(ctx.caller, door=Door.REST, **_NOBODY))
    accepted, problems = [], []
    for number, text in lines:
        try:
            accepted.append(reading.accept(number, text))
        except DomainError as refusal:
            problems.append(_told(number, refusal))
    if problems:
        raise BatchInvalid(bad=len(problems), lines=len(lines), problems=problems[:MOST_PROBLEMS])
    return accepted


_NOBODY: dict[str, Any] = {"user_id": None, "client_id": None, "client_partner_id": None, "scopes": frozenset()}


def _told(number: int, refusal: DomainError) -> dict[str, Any]:
    told = {"line": number, "code": refusal.code, "message": refusal.text, "hint": refusal.hint}
    return told | ({"fields": refusal.fields} if refusal.fields else {})


@dataclass
class _Reading:
    """What one batch has shown so far: travelers by token, and lines by whose key they have."""

    of_key: Caller
    _travelers: dict[str, Caller | DomainError] = field(default_factory=dict)
    _keys: dict[tuple[UUID | None, str], int] = field(default_factory=dict)

    def accept(self, number: int, text: str) -> Accepted:
        """Raises DomainError."""
        content = _content(text)
        operation = registered.find(content.operation)
        if operation is None:
            raise (
                NotInBatches(operation=content.operation) if registered.exists(content.operation) else OperationUnknown
            )
        caller = self._caller(content.access_token)
        scopes.authorize(operation, caller)
        _, key = arguments.parse(operation, caller, content.arguments, content.idempotency_key)
        if key is None and not operation.is_read:
            raise arguments.IdempotencyKeyMissing
        if key is not None and (first := self._keys.setdefault((caller.owner_id, key), number)) != number:
            raise KeyRepeated(line=first)
        return Accepted(number, operation.name, caller.user_id, text.strip().encode())

    def _caller(self, token: str | None) -> Caller:
        """Whom the line calls for. Many lines come with one token."""
        if token is None:
            return self.of_key
        if token not in self._travelers:
            try:
                self._travelers[token] = authentication.with_traveler(self.of_key, token)
            except DomainError as refusal:
                self._travelers[token] = refusal
        found = self._travelers[token]
        if isinstance(found, DomainError):
            raise found
        return found


def _content(text: str) -> Content:
    """Raises LineUnreadable, CardNumberRefused or InvalidArguments."""
    try:
        read = read_json(text.encode())  # its depth, and what pydantic's reader takes beyond JSON
        return Content.model_validate_json(text)
    except ValidationError as failure:
        card_numbers.refuse(read)  # names of fields are told, and one may hold a number
        raise InvalidArguments(dict(_fields(failure))) from None
    except MalformedJson as refusal:
        raise LineUnreadable(reason=refusal.facts["reason"]) from None


def _fields(failure: ValidationError) -> Iterator[tuple[str, str]]:
    for error in failure.errors(include_url=False, include_input=False):
        named = [str(part) for part in error["loc"]]
        yield "".join(f"/{part}" for part in named), error["msg"]
