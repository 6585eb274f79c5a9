"""The SDK's low-level server over the registry, in every protocol revision it speaks.

Low-level, because the tools' schemas are ours and validation is dispatch's: nothing is checked twice.
"""

from __future__ import annotations

from typing import Any

from mcp.server import CacheHint, Server

from mcp_server.calling import Tools
from mcp_server.completions import Completions
from mcp_server.elicitation import boundary
from mcp_server.instructions import instructions
from mcp_server.listening import Listening
from mcp_server.prompts.serving import Prompts
from mcp_server.resources import HOUR_MS, Resources
from mcp_server.tools import Catalogue
from movmo.kit.threads import DatabaseThreads
from movmo.operations import registry

VERSION = "1"
"""The surface's, as in /v1 and in resource URIs."""


def build_server(threads: DatabaseThreads) -> Server[Any]:
    """A server over the operations registered by now."""
    catalogue = Catalogue(registry.tools())
    tools = Tools(catalogue, threads)
    resources = Resources(threads)
    listening = Listening(threads)
    prompts = Prompts(threads, [tool.name for tool in catalogue.tools])
    server = Server[Any](
        "movmo",
        version=VERSION,
        title="Movmo",
        instructions=instructions([tool.name for tool in catalogue.tools]),
        # The same for everybody: a tool that a token cannot use yet is listed, and challenged when called.
        cache_hints={
            "tools/list": CacheHint(ttl_ms=HOUR_MS, scope="public"),
            "server/discover": CacheHint(ttl_ms=HOUR_MS, scope="public"),
            "resources/templates/list": CacheHint(ttl_ms=HOUR_MS, scope="public"),
            "prompts/list": CacheHint(ttl_ms=HOUR_MS, scope="public"),
        },
        get_tool_input_schema=_no_parameters_in_headers,
        on_list_tools=tools.list,
        on_call_tool=tools.call,
        on_list_resources=resources.list_all,
        on_list_resource_templates=resources.list_templates,
        on_read_resource=resources.read,
        on_list_prompts=prompts.list,
        on_get_prompt=prompts.get,
        on_subscriptions_listen=listening.listen,
        lifespan=listening.lifespan,
        on_completion=Completions(threads, prompts.arguments).complete,
    )
    # The SDK traces each request for OpenTelemetry, which nobody here listens to.
    server.middleware[:] = [boundary()]
    return server


def _no_parameters_in_headers(tool: str) -> None:
    """No schema of ours mirrors arguments in `Mcp-Param-*` headers; given one, the SDK would walk it on every call."""
    return
