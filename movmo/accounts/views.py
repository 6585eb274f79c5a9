"""Sign-in with an e-mail address and a one-time code. One page for new and known travelers, one answer for both."""

from typing import Any

from allauth.account.views import ConfirmLoginCodeView, LogoutView, RequestLoginCodeView
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.views.generic import TemplateView

from movmo.accounts import mailbox
from movmo.accounts.models import User
from movmo.accounts.pages import Page


class SignIn(Page, RequestLoginCodeView):
    def form_valid(self, form: Any) -> HttpResponse:
        """A new address becomes a traveler here, so that both kinds get the same page and the same letter.

        Nobody is harmed by an account that only the owner of the mailbox can enter. A deactivated traveler stays
        unknown to allauth and gets a letter that says so; the page does not tell.
        """
        traveler = User.objects.arrive(form.cleaned_data["email"])
        form._user = traveler if traveler.is_active else None
        response: HttpResponse = super().form_valid(form)
        return response

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> None:
        """Whoever comes back to this page mistyped the address: let them start over, whatever is pending."""


class EnterCode(Page, ConfirmLoginCodeView):
    pass


class SignOut(Page, LogoutView):
    pass


class Inactive(Page, TemplateView):
    template_name = "account/account_inactive.html"


class Home(Page, LoginRequiredMixin, TemplateView):
    template_name = "accounts/home.html"


class Mailbox(Page, TemplateView):
    """Everything the embedded default ever mailed. There is no such page in production."""

    template_name = "accounts/mailbox.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(letters=mailbox.latest(), **kwargs)
