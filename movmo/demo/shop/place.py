"""Where the shop is: the port of this server, and a host that is another site for browsers."""

from urllib.parse import urlsplit

from django.conf import settings

HOST = "partner.localhost"
OWN_TRIAL = "http://localhost:8080"
"""Where whoever follows docs/checkout.md has a shop of their own."""


def origin() -> str:
    """As its partner has it registered."""
    port = urlsplit(settings.ORIGIN).port
    return f"http://{HOST}:{port}" if port and port != 80 else f"http://{HOST}"
