"""The partners app: at start-up its declarations join the registry."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "partners"

    def ready(self) -> None:
        import partners.operations  # noqa: F401  (declares)
