#!/usr/bin/env python
"""Django's command line, with Movmo's settings."""

import os
import sys

from django.core.management import execute_from_command_line

from movmo.env import Misconfigured

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movmo.settings")
    try:
        execute_from_command_line(sys.argv)
    except Misconfigured as failure:
        sys.exit(str(failure))
