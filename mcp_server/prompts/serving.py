"""prompts/list and prompts/get."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

import mcp_types
from mcp.server import ServerRequestContext
from mcp_types import GetPromptRequestParams, GetPromptResult, ListPromptsResult, PaginatedRequestParams

from mcp_server.answering import answer, refuse_pages
from mcp_server.errors import UnknownPrompt
from mcp_server.prompts.declared import PROMPTS, Prompt
from movmo.kit.errors import InvalidArguments
from movmo.kit.threads import DatabaseThreads
from movmo.operations.context import Caller


class Prompts:
    """The prompts, for a server with these tools."""

    def __init__(self, threads: DatabaseThreads, tools: Collection[str]) -> None:
        offered = served(tools)
        self._threads = threads
        self._by_name = {prompt.name: prompt for prompt in offered}
        self._prompts = [shown(prompt) for prompt in offered]
        self.arguments = {prompt.name: [argument.name for argument in prompt.arguments] for prompt in offered}

    async def list(self, ctx: ServerRequestContext[Any], params: PaginatedRequestParams | None) -> ListPromptsResult:
        refuse_pages(ctx, params)
        return ListPromptsResult(prompts=self._prompts)

    async def get(self, ctx: ServerRequestContext[Any], params: GetPromptRequestParams) -> GetPromptResult:
        return await answer(self._threads, ctx, partial(self._told, params))

    def _told(self, params: GetPromptRequestParams, caller: Caller) -> GetPromptResult:
        """Raises UnknownPrompt or InvalidArguments."""
        prompt = self._by_name.get(params.name)
        if prompt is None:
            raise UnknownPrompt
        given = params.arguments or {}
        if problems := prompt.problems(given):
            raise InvalidArguments(problems)
        messages = [_from_user(prompt.text), _from_user(prompt.values(given))]
        return GetPromptResult(description=prompt.description, messages=messages)


def served(tools: Collection[str]) -> list[Prompt]:
    """Those of which every tool is served."""
    return [prompt for prompt in PROMPTS if set(prompt.uses) <= set(tools)]


def shown(prompt: Prompt) -> mcp_types.Prompt:
    arguments = [
        mcp_types.PromptArgument(name=one.name, description=one.description, required=one.required)
        for one in prompt.arguments
    ]
    return mcp_types.Prompt(name=prompt.name, title=prompt.title, description=prompt.description, arguments=arguments)


def _from_user(text: str) -> mcp_types.PromptMessage:
    return mcp_types.PromptMessage(role="user", content=mcp_types.TextContent(type="text", text=text))
