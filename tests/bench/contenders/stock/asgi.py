"""Django's own ASGI handler."""

import os

from django.core.asgi import get_asgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.contenders.stock.settings"

application = get_asgi_application()
