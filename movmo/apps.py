from django.apps import AppConfig


class MovmoConfig(AppConfig):
    """The composition root: what knows the broker is handed to what may not know it."""

    name = "movmo"

    def ready(self) -> None:
        from movmo import celery
        from movmo.operations import bulletin, carriers, nudge

        nudge.install(celery.wake)
        bulletin.install(carriers.of_settings())
