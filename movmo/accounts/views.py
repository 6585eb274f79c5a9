"""The person's own pages, past signing in: the way out of the account, its sessions, and the mailbox of the demo."""

from typing import Any

from allauth.account.views import LogoutView
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.generic import TemplateView

from movmo.accounts.letter import mailbox
from movmo.accounts.pages import Page
from movmo.accounts.session import services as sessions

LONGEST_ID = 18  # digits that every database takes for a number


class SignOut(Page, LogoutView):
    pass


class Inactive(Page, TemplateView):
    template_name = "account/account_inactive.html"


class Home(Page, LoginRequiredMixin, TemplateView):
    template_name = "accounts/home.html"


class Sessions(LoginRequiredMixin, Page, TemplateView):
    template_name = "accounts/sessions.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(sessions=sessions.of(self.request), **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        which = request.POST.get("session", "")
        if which == "others":
            ended = sessions.end_others(request) > 0
        else:
            ended = which.isdecimal() and len(which) <= LONGEST_ID and sessions.end(request, int(which))
        if ended:
            messages.success(request, "Signed out there. Applications you have connected keep working.")
        else:
            messages.info(request, "There was nothing to end: that session is over already.")
        return HttpResponseRedirect(reverse("account_sessions"))


class Mailbox(Page, TemplateView):
    """Everything the embedded default ever mailed. There is no such page in production."""

    template_name = "accounts/mailbox.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(letters=mailbox.latest(), **kwargs)
