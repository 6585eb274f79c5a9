"""allauth's hooks."""

from allauth.account.adapter import DefaultAccountAdapter
from django.utils.http import url_has_allowed_host_and_scheme


class Adapter(DefaultAccountAdapter):
    def is_safe_url(self, url: str | None) -> bool:
        """`next=` leads to a path of this server, never to another host, ALLOWED_HOSTS or not."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)
