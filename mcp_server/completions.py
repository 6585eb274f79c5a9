"""completion/complete: arguments of prompts and variables of URIs, from lists that the registry declares.

A completion is a call of such a list, with its scopes, limits and audit line. A token that may not read it, and an
argument that no list knows, get no values; the client does not have to know which.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from mcp.server import ServerRequestContext
from mcp_types import CompleteRequestParams, CompleteResult, Completion, PromptReference, ResourceTemplateReference

from mcp_server import addresses
from mcp_server.answering import answer
from movmo.kit.errors import InvalidArguments
from movmo.kit.threads import DatabaseThreads
from movmo.operations import registry, scopes
from movmo.operations.context import Caller, View
from movmo.operations.dispatch import dispatch
from movmo.operations.spec import Operation, Rows

MOST = 100
NOTHING = Completion(values=[], total=0, has_more=False)


class Completions:
    """`prompts` names the arguments of each prompt."""

    def __init__(self, threads: DatabaseThreads, prompts: Mapping[str, list[str]]) -> None:
        self._threads = threads
        self._prompts = prompts

    async def complete(self, ctx: ServerRequestContext[Any], params: CompleteRequestParams) -> CompleteResult:
        return await answer(self._threads, ctx, partial(self._complete, params))

    def _complete(self, params: CompleteRequestParams, caller: Caller) -> CompleteResult:
        """Raises InvalidArguments for a reference or an argument that there is not."""
        argument = params.argument.name
        if argument not in self._arguments(params.ref):
            raise InvalidArguments({"/argument/name": "What `ref` names has no argument of this name."})
        return CompleteResult(completion=_values(argument, params.argument.value.strip(), caller))

    def _arguments(self, named: PromptReference | ResourceTemplateReference) -> list[str]:
        if isinstance(named, PromptReference):
            if named.name not in self._prompts:
                raise InvalidArguments({"/ref/name": "There is no prompt of this name; see prompts/list."})
            return self._prompts[named.name]
        for reader in registry.resources():
            if addresses.template_of(reader) == named.uri:
                return addresses.parameters_of(reader)
        raise InvalidArguments({"/ref/uri": "There is no such template; see resources/templates/list."})


def _values(argument: str, typed: str, caller: Caller) -> Completion:
    listing = registry.completer_of(argument)
    if listing is None or listing.rows is None or scopes.missing(listing, caller):
        return NOTHING
    if listing.rows.query and not typed:
        return NOTHING
    try:
        view = dispatch(listing, caller, _asked(listing, listing.rows, typed)).view
    except InvalidArguments:
        return NOTHING  # nothing is called like what was typed
    return completion_of(listing.rows, view, typed)


def _asked(listing: Operation, rows: Rows, typed: str) -> dict[str, Any]:
    asked: dict[str, Any] = {rows.query: typed} if rows.query else {}
    if "limit" in listing.request_model.model_fields:
        asked["limit"] = MOST
    return asked


def completion_of(rows: Rows, page: View, typed: str) -> Completion:
    """`total` is left out where the list has further pages, which were not looked through."""
    told = page.model_dump(mode="json")
    found: list[dict[str, Any]] = told["data"] if rows.query else _matching(told["data"], rows.field, typed)
    values = [row[rows.field] for row in found][:MOST]
    if told.get("next_cursor") is not None:
        return Completion(values=values, has_more=True)
    total = told["total"] if rows.query else len(found)
    return Completion(values=values, total=total, has_more=total > len(values))


def _matching(rows: list[dict[str, Any]], field: str, typed: str) -> list[dict[str, Any]]:
    """Rows whose value begins with what was typed; then those that have it in another text, as a route or a date."""
    sought = typed.casefold()
    first = [row for row in rows if row[field].startswith(sought)]
    return first + [row for row in rows if row not in first and any(sought in text for text in _texts(row, field))]


def _texts(row: dict[str, Any], field: str) -> list[str]:
    return [text.casefold() for name, text in row.items() if name != field and isinstance(text, str)]
