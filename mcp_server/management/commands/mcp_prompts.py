"""Prints every prompt with its text, for the committed snapshot `mcp_prompts.json`."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from mcp_server.prompts.serving import served, shown
from movmo.operations import registry


class Command(BaseCommand):
    help = "Print all MCP prompts with their texts as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        prompts = served([tool.name for tool in registry.tools()])
        dumped = [
            {**shown(one).model_dump(mode="json", by_alias=True, exclude_none=True), "text": one.text.splitlines()}
            for one in prompts
        ]
        self.stdout.write(json.dumps(dumped, indent=2, ensure_ascii=False))
