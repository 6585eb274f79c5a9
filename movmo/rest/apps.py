from django.apps import AppConfig


class RestConfig(AppConfig):
    name = "movmo.rest"
    label = "rest"
