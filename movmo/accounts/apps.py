from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin import sites


class AccountsConfig(AppConfig):
    name = "movmo.accounts"
    label = "accounts"

    def ready(self) -> None:
        from movmo.accounts.letter import services as letters
        from movmo.accounts.office import second_factor
        from movmo.accounts.privacy import services as privacy
        from movmo.operations import outbox, reencryption

        privacy.register(privacy.RECORDS)
        reencryption.register("second factors", second_factor.renew)
        outbox.register(letters.TOPIC, letters.post, singly=True)
        import movmo.accounts.operations  # noqa: F401  (declares)


class Theme(AppConfig):
    """Unfold, which looks like the admin and is replaced here as its site: ours asks for a second factor."""

    name = "unfold"
    default = False

    def ready(self) -> None:
        from movmo.accounts.office.site import OfficeSite  # needs the models

        admin.site = sites.site = OfficeSite()
