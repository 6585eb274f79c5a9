from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "movmo.accounts"
    label = "accounts"
