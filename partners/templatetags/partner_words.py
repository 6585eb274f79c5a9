"""Words of the partner's pages."""

from collections.abc import Mapping

from django import template

from partners.member.models import Member, Role

register = template.Library()


@register.filter
def named(words: Mapping[str, str], code: str) -> str:
    """The words of a code; one that has none is shown as it is."""
    return words.get(code, code)


@register.filter
def shown_to(url: str, member: Member) -> str:
    """A webhook's address may hold a password in its path or query: who only looks is shown the host."""
    if member.may(Role.DEVELOPER):
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}/…"
