"""Masked fields on pages of the back office, and the page behind each on which one is read in full.

    class PersonAdmin(Reveals, ReadOnlyAdmin):
        masked = {"email": MaskedField("e-mail", lambda person: person.email, masks.address)}
        fields = ("masked_email",)
        readonly_fields = ("masked_email",)
        masked_email = shown("email")

`masked_fields(row)` is the whole list of what may be read of a row: whatever is not in it, no address leads to. A table
whose rows differ, a booking with its passengers for one, answers it row by row and draws with `drawn`.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from movmo.kit import clock
from movmo.kit.errors import InvalidArguments
from movmo.operations import rights
from movmo.operations.reasons import LONGEST, REASON, SHORTEST
from movmo.operations.reveal import services
from movmo.operations.reveal.fields import MaskedField

LINK = "text-primary-600 underline dark:text-primary-500 whitespace-nowrap"
_MAY = "_office_may_reveal"


def shown(name: str) -> Callable[..., str]:
    """A field of the page: masked, and the way to its value for whoever may take it."""

    def display(self: "Reveals", row: Model) -> str:
        return drawn(row, name, self.masked_fields(row)[name])

    return admin.display(description=name.replace("_", " "), empty_value="–")(display)


def drawn(row: Model, name: str, field: MaskedField) -> str:
    """The masked value, with a link where the page was opened by somebody who may follow it. "" for no value."""
    masked = field.masked(row)
    if not masked or not getattr(row, _MAY, False):
        return masked
    opts = row._meta
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_reveal", args=(quote(row.pk), name))
    return format_html('{} <a class="{}" href="{}">Reveal {}</a>', masked, LINK, address, field.title)


class Reveals:
    """Of a ModelAdmin, in front of it. Lists show masked values and no links."""

    masked: ClassVar[Mapping[str, MaskedField]] = {}

    def masked_fields(self, row: Any) -> Mapping[str, MaskedField]:
        """What may be revealed of the row, by its name in the address."""
        return self.masked

    def get_object(self: Any, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)  # type: ignore[misc]
        if row is not None:
            setattr(row, _MAY, request.user.has_perm(rights.REVEAL_PERSONAL))
        return row

    def get_urls(self: Any) -> list[URLPattern]:
        opts = self.model._meta
        page = never_cache(sensitive_post_parameters()(self.reveal_view))
        address = path(
            "<path:object_id>/reveal/<slug:field>/",
            self.admin_site.admin_view(page),
            name=f"{opts.app_label}_{opts.model_name}_reveal",
        )
        return [address, *super().get_urls()]  # type: ignore[misc]

    def reveal_view(self: Any, request: HttpRequest, object_id: str, field: str) -> HttpResponse:
        """GET asks why; POST writes it down and shows the value, in this answer and no other."""
        if not request.user.has_perm(rights.REVEAL_PERSONAL) or not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        masked = self.masked_fields(row).get(field) if row is not None else None
        if masked is None:
            raise Http404
        page = _RevealPage(self, request, row, field, masked)
        return page.answered() if request.method == "POST" else page.asking()


class _RevealPage:
    def __init__(self, table: Any, request: HttpRequest, row: Any, name: str, field: MaskedField) -> None:
        self._table, self._request, self._row, self._name, self._field = table, request, row, name, field

    def asking(self, problem: str = "", *, status: int = 200) -> HttpResponse:
        typed = self._request.POST.get("reason", "") if status == 422 else ""
        return self._page("admin/reveal.html", status=status, problem=problem, typed=typed[:LONGEST])

    def answered(self) -> HttpResponse:
        try:
            services.reveal(
                clerk_id=self._request.user.pk,  # type: ignore[arg-type]
                table=self._row._meta.label_lower,
                row_id=self._row.pk if isinstance(self._row.pk, UUID) else None,
                field=self._name,
                reason=self._request.POST.get("reason", ""),
                now=clock.now(),
            )
        except InvalidArguments as refusal:
            return self.asking(refusal.fields[REASON], status=422)
        except services.TooManyReveals as refusal:
            return self.asking(str(refusal), status=429)
        return self._page("admin/revealed.html", value=self._field.in_full(self._row))

    def _page(self, template: str, *, status: int = 200, **shown: Any) -> HttpResponse:
        opts = self._row._meta
        context = {
            **self._table.admin_site.each_context(self._request),
            "title": f"Reveal: {self._field.title}",
            "opts": opts,
            "field": self._field.title,
            "masked": self._field.masked(self._row),
            "of": str(self._row),
            "kind": opts.verbose_name,
            "shortest": SHORTEST,
            "longest": LONGEST,
            "back": reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=(quote(self._row.pk),)),
            **shown,
        }
        answer = render(self._request, template, context, status=status)
        answer.headers["Cache-Control"] = "no-store, private"
        return answer
