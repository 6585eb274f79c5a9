"""resources/list, resources/templates/list and resources/read: the reads of the registry, by URI.

A read by URI is the operation of the tool beside it: the same scopes, limits, ownership and audit line. The templates
are the declarations' own. What is listed besides resources that there is once are the rows of lists that the token may
read: the guides, and the traveler's bookings, newest first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from mcp.server import ServerRequestContext
from mcp_types import (
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from mcp_server import addresses
from mcp_server.answering import answer, refuse_pages
from movmo.kit import cursor
from movmo.kit.cursor import CursorInvalid
from movmo.kit.threads import DatabaseThreads
from movmo.operations import registry, scopes
from movmo.operations.context import Caller, View
from movmo.operations.dispatch import dispatch
from movmo.operations.spec import Operation, Rows

HOUR_MS = 3_600_000
LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class Shelf:
    """A list whose rows are resources: the list, and the read that each row's URI leads to."""

    listing: Operation
    rows: Rows
    reader: Operation

    def resources(self, page: View) -> list[Resource]:
        return [self._resource(row) for row in page.model_dump(mode="json")["data"]]

    def _resource(self, row: dict[str, Any]) -> Resource:
        (parameter,) = addresses.parameters_of(self.reader)
        value = row[self.rows.field]
        return Resource(
            uri=addresses.template_of(self.reader).format_map({parameter: value}),
            name=value,
            title=self.rows.title.format_map(row)[:LONGEST_TITLE],
            mime_type=self.reader.result_model.document_type,
        )


class Resources:
    """The resources of the operations registered by now."""

    def __init__(self, threads: DatabaseThreads) -> None:
        readers = registry.resources()
        self._threads = threads
        self._single = [_single(reader) for reader in readers if not addresses.parameters_of(reader)]
        self._templates = templates()
        # What everybody may see comes first.
        self._shelves = sorted(_shelves(readers), key=lambda shelf: len(shelf.listing.scopes))

    async def list_all(
        self, ctx: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        after = params.cursor if params is not None else None
        return await answer(self._threads, ctx, partial(self._page, after))

    async def list_templates(
        self, ctx: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        refuse_pages(ctx, params)
        return ListResourceTemplatesResult(resource_templates=self._templates)

    async def read(self, ctx: ServerRequestContext[Any], params: ReadResourceRequestParams) -> ReadResourceResult:
        return await answer(self._threads, ctx, partial(_read, params.uri))

    def _page(self, after: str | None, caller: Caller) -> ListResourcesResult:
        """One page of each list, as far as the first one that has more. Raises what the lists refuse."""
        found = [] if after else list(self._single)
        for shelf, where in self._from(after):
            if scopes.missing(shelf.listing, caller):
                continue
            page = dispatch(shelf.listing, caller, where).view
            found += shelf.resources(page)
            if further := getattr(page, "next_cursor", None):
                return ListResourcesResult(resources=found, next_cursor=cursor.encode([shelf.listing.name, further]))
        return ListResourcesResult(resources=found)

    def _from(self, after: str | None) -> list[tuple[Shelf, dict[str, str]]]:
        """The shelves that were not shown whole, with the arguments of their next pages. Raises CursorInvalid."""
        if after is None:
            return [(shelf, {}) for shelf in self._shelves]
        names = [shelf.listing.name for shelf in self._shelves]
        match cursor.decode(after):
            case [str(name), str(inner)] if name in names:
                first, *rest = self._shelves[names.index(name) :]
                return [(first, {"cursor": inner}), *((shelf, {}) for shelf in rest)]
        raise CursorInvalid


def templates() -> list[ResourceTemplate]:
    """Those of the operations registered by now."""
    return [_template(reader) for reader in registry.resources() if addresses.parameters_of(reader)]


def _shelves(readers: Iterable[Operation]) -> Iterable[Shelf]:
    for reader in readers:
        match addresses.parameters_of(reader):
            case [parameter]:
                listing = registry.completer_of(parameter)
                if listing is not None and listing.rows is not None:
                    yield Shelf(listing, listing.rows, reader)


def _single(reader: Operation) -> Resource:
    return Resource(
        uri=addresses.template_of(reader),
        name=reader.name,
        title=reader.title,
        description=reader.description,
        mime_type=reader.result_model.document_type,
    )


def _template(reader: Operation) -> ResourceTemplate:
    return ResourceTemplate(
        uri_template=addresses.template_of(reader),
        name=reader.name,
        title=reader.title,
        description=reader.description,
        mime_type=reader.result_model.document_type,
    )


def _read(uri: str, caller: Caller) -> ReadResourceResult:
    reader, view = addresses.read(uri, caller)
    contents = TextResourceContents(uri=uri, mime_type=view.document_type, text=view.document())
    # What needs no scope tells nothing of anybody; a person's own things are nobody else's, and change.
    lasts: int = 0 if reader.scopes else HOUR_MS
    whose: Literal["private", "public"] = "private" if reader.scopes else "public"
    return ReadResourceResult(contents=[contents], ttl_ms=lasts, cache_scope=whose)
