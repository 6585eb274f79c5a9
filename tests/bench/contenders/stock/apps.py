"""Movmo's tables without Movmo: what its rooms do at start-up is not the contender's."""

from django.apps import AppConfig


class Operations(AppConfig):
    name = "movmo.operations"


class Accounts(AppConfig):
    name = "movmo.accounts"
    label = "accounts"


class Partners(AppConfig):
    name = "partners"


class Bookings(AppConfig):
    name = "bookings"
