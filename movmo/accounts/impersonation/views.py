"""The way out of a traveler's pages."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from movmo.accounts.impersonation import services
from movmo.accounts.pages import Page
from movmo.accounts.session.services import LENT


class End(Page):
    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        if LENT not in request.session:
            return HttpResponseRedirect(reverse("account_home"))
        traveler_id = services.end(request)
        messages.success(request, "You are back in the back office as yourself.")
        return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[traveler_id]))
