"""Print the OpenAPI document as YAML, for the committed snapshot."""

from typing import Any

from django.core.management.base import BaseCommand

from movmo.operations import registry
from movmo.rest.openapi import document


class Command(BaseCommand):
    help = "Print the OpenAPI document as YAML."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(document.as_yaml(document.build(registry.all_operations())), ending="")
