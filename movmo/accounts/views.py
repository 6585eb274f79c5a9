"""The person's own pages, past signing in: the way out of the account, its sessions, and the mailbox of the demo."""

from typing import Any
from uuid import UUID

from allauth.account.views import LogoutView
from csp.constants import SELF
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.generic import TemplateView

from movmo.accounts.letter import mailbox
from movmo.accounts.pages import Page
from movmo.accounts.session import services as sessions

LONGEST_ID = 18  # digits that every database takes for a number
# Links open a tab of their own, which is not bound by it.
LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


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

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        response = super().render_to_response(context, **kwargs)
        response._csp_update = {"frame-src": [SELF]}  # type: ignore[attr-defined]
        return response


@method_decorator(xframe_options_sameorigin, name="dispatch")
class LetterPage(Page):
    """The HTML part of a letter, for a frame of the mailbox. Nothing in it runs or is loaded, here or elsewhere."""

    def get(self, request: HttpRequest, letter_id: UUID) -> HttpResponse:
        letter = mailbox.letter(letter_id)
        if letter is None or not letter.page:
            raise Http404
        return HttpResponse(letter.page, headers={"Content-Security-Policy": LETTER_POLICY})


class LetterFile(Page):
    """What was attached to a letter, to be kept and not to be opened here."""

    def get(self, request: HttpRequest, letter_id: UUID, place: int) -> HttpResponse:
        letter = mailbox.letter(letter_id)
        if letter is None or place >= len(letter.attachments):
            raise Http404
        file = letter.attachments[place]
        disposition = content_disposition_header(as_attachment=True, filename=file.name)
        return HttpResponse(
            file.text, content_type=file.content_type, headers={"Content-Disposition": disposition or "attachment"}
        )
