"""How a booking goes on: heard where the server tells it, asked for where it does not."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp import Client
from mcp.client.subscriptions import Subscription
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from movmo.demo.agent import words
from movmo.demo.agent.agent import Agent
from movmo.demo.agent.catalogue import Use
from movmo.demo.agent.memory import Row

PARAMETER = re.compile(r"{(\w+)}")
BETWEEN_LOOKS = 10.0
LOOKS = 30


async def settled(agent: Agent, title: str, answer: Row) -> Row:
    """The answer of the titled tool when nothing about it is open any more, or the last that was read."""
    use = agent.catalogue.titled(title)
    if words.is_open(use.description, answer["status"]):
        async with changes(agent, title) as heard:
            async for answer in heard:
                if not words.is_open(use.description, answer["status"]):
                    break
    return answer


@asynccontextmanager
async def changes(agent: Agent, title: str) -> AsyncIterator[AsyncIterator[Row]]:
    """What the tool made, as it is now and after each change, read with the tool that is said to be next."""
    reader = agent.catalogue.uses[agent.catalogue.next_of(agent.catalogue.titled(title))[0].tool]
    async with agent.line.dial() as client:
        if client.protocol_version in MODERN_PROTOCOL_VERSIONS:
            address = await _address(agent, client, reader)
            async with client.listen(resource_subscriptions=[address]) as stream:
                yield _heard(agent, reader, stream)
        else:
            yield _looked_up(agent, reader)


async def _heard(agent: Agent, reader: Use, stream: Subscription) -> AsyncIterator[Row]:
    yield await agent.do(reader)
    async for _ in stream:
        yield await agent.do(reader)


async def _looked_up(agent: Agent, reader: Use) -> AsyncIterator[Row]:
    """For clients whose revision of the protocol has no such stream."""
    for _ in range(LOOKS):
        yield await agent.do(reader)
        await agent.line.pause(BETWEEN_LOOKS)


async def _address(agent: Agent, client: Client, reader: Use) -> str:
    """The URI of what the reader reads: the template that holds what it needs, and nothing else. Raises LookupError."""
    templates = (await client.list_resource_templates()).resource_templates
    for template in templates:
        if set(PARAMETER.findall(template.uri_template)) == set(reader.needs):
            return template.uri_template.format_map(agent.memory.told)
    raise LookupError(f"nothing is to be heard of what {reader.name} reads")
