"""Movmo as it is, with the hostile airline behind its sandbox provider: see `apps`."""

from movmo.settings import *  # noqa: F403  (settings are a namespace)
from movmo.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.apps.Chaos"]
# A call is answered before its caller has hung up.
MOVMO_WAIT_SECONDS = 4
