"""The partners app: at start-up its declarations join the registry."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "partners"

    def ready(self) -> None:
        from movmo.accounts.privacy.services import register
        from partners import privacy
        from partners.approval import letters
        from partners.approval import privacy as approvals
        from partners.batch import privacy as batches
        from partners.member import privacy as members

        register(privacy.RECORDS)
        register(approvals.RECORDS)
        register(batches.RECORDS)
        register(members.RECORDS)
        letters.install()
        import partners.operations  # noqa: F401  (declares)
        from movmo.operations import events
        from partners.webhook import services as webhook

        events.register_sink(webhook.receive)
