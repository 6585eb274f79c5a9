"""On a traveler's page in the back office: look at their pages as they see them."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache

from movmo.accounts.impersonation import services
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.kit.errors import InvalidArguments
from movmo.operations import rights
from movmo.operations.reasons import LONGEST, REASON, SHORTEST
from movmo.operations.reveal.admin import LINK


class Impersonates:
    """Of the admin of users, in front of it."""

    def get_fieldsets(self: Any, request: HttpRequest, obj: User | None = None) -> Any:
        sections = super().get_fieldsets(request, obj)  # type: ignore[misc]
        if obj is None or not isinstance(request.user, User) or not services.may(hijacker=request.user, hijacked=obj):
            return sections
        return (*sections, ("Their pages", {"fields": ("their_pages",)}))

    def get_urls(self: Any) -> list[URLPattern]:
        page = self.admin_site.admin_view(never_cache(self.impersonate_view))
        address = path("<path:object_id>/impersonate/", page, name="accounts_user_impersonate")
        return [address, *super().get_urls()]  # type: ignore[misc]

    @admin.display(description="to look at")
    def their_pages(self, traveler: User) -> str:
        address = reverse("admin:accounts_user_impersonate", args=[traveler.pk])
        return format_html('<a class="{}" href="{}">Look at it as they see it</a>', LINK, address)

    def impersonate_view(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET asks why, POST begins."""
        if not request.user.has_perm(rights.IMPERSONATE) or not self.has_view_permission(request):
            raise PermissionDenied
        traveler = self.get_object(request, unquote(object_id))
        if traveler is None:
            raise Http404
        if not services.may(hijacker=request.user, hijacked=traveler):  # type: ignore[arg-type]
            raise PermissionDenied
        problem = ""
        if request.method == "POST":
            try:
                return services.begin(request, traveler, reason=request.POST.get("reason", ""), now=clock.now())
            except InvalidArguments as refusal:
                problem = refusal.fields[REASON]
        context = {
            **self.admin_site.each_context(request),
            "title": "Look at it as they see it",
            "opts": self.model._meta,
            "traveler": traveler,
            "problem": problem,
            "shortest": SHORTEST,
            "longest": LONGEST,
            "minutes": services.LONGEST.seconds // 60,
            "back": reverse("admin:accounts_user_change", args=[traveler.pk]),
        }
        return render(request, "admin/impersonate.html", context, status=422 if problem else 200)
