"""Prints every tool as agents see it, for the committed snapshot `mcp_tools.json`."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from mcp_server.tools import Catalogue
from movmo.operations import registry


class Command(BaseCommand):
    help = "Print all MCP tools with their schemas as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        tools = Catalogue(registry.tools()).tools
        dumped = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
        self.stdout.write(json.dumps(dumped, indent=2, ensure_ascii=False))
