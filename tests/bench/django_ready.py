"""Sets Django up. Imported first by whatever runs as a process of its own on a stage."""

import django

django.setup()
