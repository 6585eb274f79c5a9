"""Movmo, with an airline that cannot be asked until the bench says so."""

from movmo.settings import *  # noqa: F403  (settings are a namespace)
from movmo.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.bench.outage.apps.Outage"]
