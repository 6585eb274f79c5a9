"""The audit step: an intent is written before the act, an outcome after it.

Writes of the registry leave both lines; the outcome of a local write commits with its change. Reads over MCP leave an
outcome, reads over REST and on the traveler's pages only where the operation says so, and refusals of known callers do.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection

from movmo.kit import clock
from movmo.kit.errors import DomainError, Internal
from movmo.kit.ids import new_id
from movmo.operations.context import Caller, Door, Request
from movmo.operations.models import AuditEvent
from movmo.operations.redaction import redact

if TYPE_CHECKING:
    from movmo.operations.spec import Operation

DONE = "done"
A_NAME, NO_NAME = re.compile("[a-z0-9_]{1,80}"), "(no name)"
SHARDS = 16
"""Chains of seals: lines of one call are in the same one. See `seals`."""


def shard_of(call_id: UUID) -> int:
    return call_id.int % SHARDS


class Trail:
    """The audit lines of one call, joined by its call id."""

    def __init__(self, operation: Operation, caller: Caller) -> None:
        self._operation = operation
        self._caller = caller
        self._call_id = new_id()
        self._started = time.perf_counter()
        self._arguments: dict[str, Any] | None = None
        self._resource_id: UUID | None = None
        self._approval_id: UUID | None = None

    @property
    def _leaves_lines(self) -> bool:
        return not self._operation.is_read or self._operation.audited or self._caller.door is Door.MCP

    def parsed(self, request: Request) -> None:
        """Remember the arguments, redacted, for the lines to come."""
        if self._leaves_lines:
            self._arguments = redact(request)

    def about(self, resource_id: UUID) -> None:
        """Name the resource that the call made or told, for the lines to come."""
        self._resource_id = resource_id

    def approved_by(self, approval_id: UUID) -> None:
        """Name the approval that the call waits for, or uses, for the lines to come."""
        self._approval_id = approval_id

    def intend(self) -> None:
        """Write the intent of a write; it commits on its own, before anything is done."""
        self._write(AuditEvent.Phase.INTENT)

    def done(self) -> None:
        if self._leaves_lines:
            self._write(AuditEvent.Phase.OUTCOME, code=DONE)

    def refused(self, refusal: DomainError) -> None:
        self._write(AuditEvent.Phase.OUTCOME, code=refusal.code)

    def _write(self, phase: AuditEvent.Phase, *, code: str = "") -> None:
        elapsed = round((time.perf_counter() - self._started) * 1000)
        event = AuditEvent(
            call_id=self._call_id,
            shard=shard_of(self._call_id),
            phase=phase,
            at=clock.now(),
            door=self._caller.door,
            operation=self._operation.name,
            user_id=self._caller.user_id,
            partner_id=self._caller.partner_id,
            client_id=self._caller.client_id,
            request_id=self._caller.request_id,
            arguments=self._arguments,
            code=code,
            resource_id=self._resource_id,
            approval_id=self._approval_id,
            duration_ms=elapsed if phase is AuditEvent.Phase.OUTCOME else None,
        )
        _insert(event)


def unknown(name: str, caller: Caller, refusal: DomainError) -> None:
    """A call of something that there is not. What was called is written down if it could be a name."""
    note(
        name if A_NAME.fullmatch(name) else NO_NAME,
        door=caller.door,
        code=refusal.code,
        user_id=caller.user_id,
        partner_id=caller.partner_id,
        client_id=caller.client_id,
        request_id=caller.request_id,
    )


def note(
    what: str,
    *,
    door: Door,
    code: str = "",
    phase: AuditEvent.Phase = AuditEvent.Phase.OUTCOME,
    call_id: UUID | None = None,
    **about: Any,
) -> None:
    """One line about what is no operation: a person's decision, for one. `about` are columns of the line.

    An intent and its outcome are joined by the `call_id`.
    """
    call_id = call_id or new_id()
    _insert(
        AuditEvent(
            call_id=call_id,
            shard=shard_of(call_id),
            phase=phase,
            at=clock.now(),
            door=door,
            operation=what,
            code=code,
            **about,
        )
    )


@contextmanager
def intended(operation: str, *, refusals: tuple[type[Exception], ...] = (DomainError,), **about: Any) -> Iterator[None]:
    """Around what no transaction can take back, such as asking an airline: an intent that commits by itself, and an
    outcome however it ends. `about` is what `note` takes; a refusal has the code that its outcome tells.
    """
    about["call_id"] = new_id()
    note(operation, phase=AuditEvent.Phase.INTENT, **about)
    try:
        yield
    except refusals as refusal:
        note(operation, code=getattr(refusal, "code", Internal.code), **about)
        raise
    except Exception:
        note(operation, code=Internal.code, **about)
        raise
    note(operation, code=DONE, **about)


def _insert(event: AuditEvent) -> None:
    """What `save` would do; each tool call leaves a line, and compiling its statement cost more than running it."""
    fields = AuditEvent._meta.concrete_fields
    values = [field.get_db_prep_save(getattr(event, field.attname), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(_statement(), values)


@cache
def _statement() -> str:
    columns = [field.attname for field in AuditEvent._meta.concrete_fields]
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {AuditEvent._meta.db_table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608
