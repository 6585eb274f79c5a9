"""The back office's own pages and actions, as its registry has them: none can be added that these tests do not know."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import SlugConverter

from bookings.office.actions import ACTIONS as OF_A_BOOKING
from bookings.reconciliation.office.statement import ACTIONS as OF_A_STATEMENT
from bookings.reconciliation.resolution.admin import ACTIONS as OF_A_DISCREPANCY

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
USUAL = ("changelist", "add", "history", "delete", "change")
OF_THE_SITE = {
    "index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n", "view_on_site",
    "search", "app_list",
}  # fmt: skip
SLUGS: dict[str, Any] = {
    "bookings_booking_do": OF_A_BOOKING,
    "bookings_statement_act": OF_A_STATEMENT,
    "bookings_discrepancy_act": OF_A_DISCREPANCY,
}


@dataclass(frozen=True)
class OwnPage:
    """One that is neither the site's nor a table's usual list and forms."""

    name: str
    model: type[Model]
    parameters: dict[str, Any]

    def addresses(self, row: Model) -> dict[str, str]:
        """Of the row, by what the page's slug may be; "" where it has none."""
        kept = {name: row.pk for name, kind in self.parameters.items() if not isinstance(kind, SlugConverter)}
        slug = next((name for name, kind in self.parameters.items() if isinstance(kind, SlugConverter)), None)
        if slug is None:
            return {"": reverse(f"admin:{self.name}", kwargs=kept)}
        table: Any = admin.site._registry[self.model]
        known = table.masked_fields(row) if slug == "field" else SLUGS[self.name]
        return {word: reverse(f"admin:{self.name}", kwargs={**kept, slug: str(word)}) for word in known}

    def spoilt(self, word: str) -> str:
        """An address with the word wherever one may be, if the page can have such an address at all."""
        return reverse(f"admin:{self.name}", kwargs=dict.fromkeys(self.parameters, word))


def _patterns(under: Any) -> Iterator[URLPattern]:
    for one in under.url_patterns:
        if isinstance(one, URLResolver):
            yield from _patterns(one)
        else:
            yield one


@cache
def own_pages() -> tuple[OwnPage, ...]:
    office = next(one for one in get_resolver().url_patterns if getattr(one, "namespace", None) == "admin")
    usual = {f"{model._meta.app_label}_{model._meta.model_name}_{page}" for model in MODELS for page in USUAL}
    known = usual | OF_THE_SITE | {None}
    return tuple(
        OwnPage(str(one.name), _model_of(one), dict(one.pattern.converters))
        for one in _patterns(office)
        if one.name not in known
    )


def _model_of(page: URLPattern) -> type[Model]:
    """Of the table whose method it leads to, which is named as the theme's and Django's decorators leave it."""
    names = str(page.name).split("_")
    labels = {(model._meta.app_label, model._meta.model_name): model for model in MODELS}
    found = [model for (app, name), model in labels.items() if str(page.name).startswith(f"{app}_{name}_")]
    assert len(found) == 1 or names[0] == "auth", page.name
    return found[0] if found else next(model for model in MODELS if model._meta.label == "accounts.User")


def actions() -> list[tuple[type[Model], str]]:
    """Every action of every table."""
    tables: dict[type[Model], Any] = admin.site._registry
    found = [(model, action[0].__name__) for model in MODELS for action in tables[model]._get_base_actions()]
    return [(model, name) for model, name in found if name != "delete_selected"]


def usual(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)
