"""allauth's hooks."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from movmo.accounts.limits import UNKNOWN_ADDRESS
from movmo.accounts.models import User
from movmo.accounts.office.second_factor import MfaAdapter
from movmo.accounts.session import devices


class Adapter(DefaultAccountAdapter):
    def is_safe_url(self, url: str | None) -> bool:
        """`next=` leads to a path of this server, never to another host, ALLOWED_HOSTS or not."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_login_stages(self) -> list[str]:
        """None: signing in is one step for everybody. The second one stands at the door of the back office, where no
        way of signing in leads around it."""
        return []

    def post_login(self, request: HttpRequest, user: User, **facts: Any) -> HttpResponse:  # type: ignore[override]
        """The one place every sign-in of the people's pages comes through, by whichever means."""
        response: HttpResponse = super().post_login(request, user, **facts)
        devices.remember(request, response, user)
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        """A proxy in front is the server's business: it sets REMOTE_ADDR. Over a Unix socket there may be none."""
        raw = str(request.META.get("REMOTE_ADDR", ""))
        try:
            return str(ip_address(raw.partition("%")[0]))
        except ValueError:
            return UNKNOWN_ADDRESS


class Passkeys(MfaAdapter):
    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Who passkeys are for: the host of our origin. A Host header says whatever its sender likes."""
        return {"id": urlsplit(settings.ORIGIN).hostname or "", "name": "Movmo"}
