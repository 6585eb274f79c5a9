from django.apps import AppConfig


class TravelerConfig(AppConfig):
    name = "movmo.traveler"
    label = "traveler"
