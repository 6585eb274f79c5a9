"""The SQL of one call, recorded from Django's connection and replayed through psycopg alone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

import psycopg
from django.db import connection, transaction
from django.test import override_settings

from movmo.kit.ids import new_id

UUID_TEXT = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Statement:
    sql: str
    parameters: Any
    rows: int


@dataclass
class Group:
    """The statements of one transaction, or one statement that commits by itself."""

    is_transaction: bool
    statements: list[Statement] = field(default_factory=list)


@dataclass(frozen=True)
class Recording:
    """`since` is older than every id that the call made: UUIDv7 sort by time."""

    groups: list[Group]
    since: UUID

    @property
    def statements(self) -> list[Statement]:
        return [statement for group in self.groups for statement in group.statements]


class _Recorder:
    def __init__(self) -> None:
        self.groups: list[Group] = []
        self._open: Group | None = None

    def __call__(self, execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any) -> Any:
        result = execute(sql, parameters, many, context)
        self._group().statements.append(Statement(sql, parameters, context["cursor"].rowcount))
        return result

    def _group(self) -> Group:
        if self._open is not None:
            return self._open
        group = Group(is_transaction=connection.in_atomic_block)
        self.groups.append(group)
        if group.is_transaction:
            self._open = group
            transaction.on_commit(self._close)
        return group

    def _close(self) -> None:
        self._open = None


def record(call: Callable[[], None]) -> Recording:
    """Without a wait budget, whose thread has a connection of its own: all statements come over this one."""
    recorder, since = _Recorder(), new_id()
    with override_settings(MOVMO_WAIT_SECONDS=0), connection.execute_wrapper(recorder):
        call()
    return Recording(recorder.groups, since)


class ReplayDiffers(Exception):
    """A replayed statement touched another number of rows: it was not the same work."""


class Replay:
    """`of` is the offer of the recorded call. psycopg as it comes: server-side parameters, prepared when repeated."""

    def __init__(self, recording: Recording, *, of: str) -> None:
        self._recording = recording
        self._offer_id = UUID(of)
        settings = connection.get_connection_params()
        self._conninfo = {
            name: settings[name] for name in ("dbname", "user", "password", "host", "port") if name in settings
        }

    def __enter__(self) -> Self:
        self._connection = psycopg.connect(**self._conninfo)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def prepared(self, offer_id: str) -> Callable[[], None]:
        """The replay on another offer, with ids of its own; only running the statements is left."""
        fresh = _Fresh(self._recording.since, {self._offer_id: UUID(offer_id)})
        groups = [
            Group(
                group.is_transaction,
                [Statement(one.sql, fresh.of(one.parameters), one.rows) for one in group.statements],
            )
            for group in self._recording.groups
        ]
        return lambda: self._run(groups)

    def _run(self, groups: list[Group]) -> None:
        for group in groups:
            self._connection.autocommit = not group.is_transaction
            with self._connection.cursor() as cursor:
                for statement in group.statements:
                    cursor.execute(statement.sql.encode(), statement.parameters)
                    if cursor.description:
                        cursor.fetchall()
                    if cursor.rowcount != statement.rows:
                        raise ReplayDiffers(statement.sql)
            if group.is_transaction:
                self._connection.commit()


class _Fresh:
    """The recorded parameters with new values where uniqueness asks for them: ids of the call, hashes, offers sold."""

    def __init__(self, since: UUID, known: dict[UUID, UUID]) -> None:
        self._since = since
        self._known = known

    def of(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(self.of(item) for item in value)
        if isinstance(value, UUID):
            return self._id(value)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, psycopg.Binary) and len(value.obj) == 32:
            return os.urandom(32)
        return value

    def _id(self, known: UUID) -> UUID:
        if known not in self._known:
            self._known[known] = new_id() if known > self._since else known
        return self._known[known]

    def _text(self, text: str) -> str:
        """Ids stand in texts, too: an event's in the key of its outbox row."""
        if re.fullmatch("off_[0-9a-f]{32}", text):
            return f"off_{new_id().hex}"  # the sandbox airline's own offer, which it sells once
        return UUID_TEXT.sub(lambda found: str(self._id(UUID(found[0]))), text)
