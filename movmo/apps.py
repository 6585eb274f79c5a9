from django.apps import AppConfig
from django.db.models.signals import post_migrate


class MovmoConfig(AppConfig):
    """The composition root: what knows the broker is handed to what may not know it."""

    name = "movmo"

    def ready(self) -> None:
        from movmo import celery, roles
        from movmo.operations import bulletin, carriers, nudge

        nudge.install(celery.wake)
        bulletin.install(carriers.of_settings())
        post_migrate.connect(roles.after_migrating, sender=roles.last_told(), dispatch_uid="movmo.roles")
