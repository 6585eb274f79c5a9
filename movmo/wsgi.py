"""REST, pages and admin as a WSGI application. Can be served alone; `movmo.asgi` adds MCP."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movmo.settings")

application = get_wsgi_application()
