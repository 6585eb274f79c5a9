from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "movmo.operations"
    label = "operations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from movmo.operations import checks  # noqa: F401  (registers the system checks)
        from movmo.operations.approval import operations  # noqa: F401  (declares them)
