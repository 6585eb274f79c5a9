"""Prints every resource template as agents see it, for the committed snapshot `mcp_resources.json`."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from mcp_server.resources import templates


class Command(BaseCommand):
    help = "Print all MCP resource templates as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        dumped = [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in templates()]
        self.stdout.write(json.dumps(dumped, indent=2, ensure_ascii=False))
