"""The audit step: an intent is written before the act, an outcome after it.

Writes of the registry leave both lines; the outcome of a local write commits with its change. Reads over MCP leave an
outcome, refusals always do.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.kit.ids import new_id
from movmo.operations.context import Caller, Door, Request
from movmo.operations.models import AuditEvent
from movmo.operations.redaction import redact

if TYPE_CHECKING:
    from movmo.operations.spec import Operation

DONE = "done"


class Trail:
    """The audit lines of one call, joined by its call id."""

    def __init__(self, operation: Operation, caller: Caller) -> None:
        self._operation = operation
        self._caller = caller
        self._call_id = new_id()
        self._started = time.perf_counter()
        self._arguments: dict[str, Any] | None = None

    def parsed(self, request: Request) -> None:
        """Remember the arguments, redacted, for the lines to come."""
        if not self._operation.is_read or self._caller.door is Door.MCP:
            self._arguments = redact(request)

    def intend(self) -> None:
        """Write the intent of a write; it commits on its own, before anything is done."""
        self._write(AuditEvent.Phase.INTENT)

    def done(self, resource_id: UUID | None = None) -> None:
        if not self._operation.is_read or self._caller.door is Door.MCP:
            self._write(AuditEvent.Phase.OUTCOME, code=DONE, resource_id=resource_id)

    def refused(self, refusal: DomainError) -> None:
        self._write(AuditEvent.Phase.OUTCOME, code=refusal.code)

    def _write(self, phase: AuditEvent.Phase, *, code: str = "", resource_id: UUID | None = None) -> None:
        elapsed = round((time.perf_counter() - self._started) * 1000)
        AuditEvent(
            call_id=self._call_id,
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
            resource_id=resource_id,
            duration_ms=elapsed if phase is AuditEvent.Phase.OUTCOME else None,
        ).save(force_insert=True)
