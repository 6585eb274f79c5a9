"""For the pages of the back office."""

from typing import Any

from django import template
from django.urls import reverse

from movmo.accounts.office import naming

register = template.Library()


@register.filter
def as_in_the_sidebar(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The way to a page as the theme tells it, by app and model, told by section and list. A section has no page."""
    name = naming.of(parts[1]["link"]) if len(parts) > 1 else None
    if name is None:
        return parts
    return [{"title": name.section}, {**parts[1], "title": name.title}, *parts[2:]]


@register.filter
def list_title(opts: Any) -> str:
    name = naming.of(reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"))
    return name.title if name else str(opts.verbose_name_plural)
