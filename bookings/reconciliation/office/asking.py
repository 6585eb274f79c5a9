"""Pages of the back office that ask before something is done, mostly why. Who may not do it gets 403 and no page."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from unfold.widgets import UnfoldAdminTextareaWidget

from bookings.providers import registry
from bookings.reconciliation.resolution.schemas import By
from movmo.kit.errors import DomainError, InvalidArguments
from movmo.operations.reasons import LONGEST, SHORTEST, reason_of

Do = Callable[[dict[str, Any]], str]
"""Does it with what the form holds; returns the sentence that the clerk is told. May raise DomainError or
ValidationError.
"""
LOOK_AGAIN = "It has changed since you opened this page, and nothing was done. Go back and look at it again."


def providers() -> list[tuple[str, str]]:
    """To choose from, with the names that people know."""
    return [(one.capabilities.provider, one.capabilities.name) for one in registry.all_providers()]


class ReasonForm(forms.Form):
    """The reason is kept with what was done, for colleagues and auditors."""

    reason = forms.CharField(
        label="Why",
        min_length=SHORTEST,
        max_length=LONGEST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept with your name. No card numbers, and no more of a person than a colleague needs.",
    )

    def clean_reason(self) -> str:
        try:
            return reason_of(self.cleaned_data["reason"])
        except InvalidArguments as refusal:
            raise forms.ValidationError(list(refusal.fields.values())) from None


class SeenForm(forms.Form):
    """Carries the number that moves whenever its row does, as the page has shown the row. Whether it has moved by the
    press is for the service to say.
    """

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput())

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("seen") is None:
            raise forms.ValidationError(LOOK_AGAIN)
        return self.cleaned_data


def by_of(request: HttpRequest) -> By:
    user_id = request.user.pk
    assert isinstance(user_id, UUID), "admin pages have a clerk"
    return By(user_id=user_id)


def asked(
    table: Any,
    request: HttpRequest,
    form_class: type[forms.Form],
    do: Do,
    *,
    title: str,
    words: str,
    button: str,
    back: str,
    initial: dict[str, Any] | None = None,
) -> HttpResponse:
    """GET asks; POST does it once and leads back. What is refused is said beside the form, and nothing has changed."""
    is_sent = request.method == "POST"
    form = form_class(request.POST, request.FILES) if is_sent else form_class(initial=initial)
    status = 422 if is_sent else 200
    if is_sent and form.is_valid():
        try:
            messages.success(request, do(form.cleaned_data))
            return HttpResponseRedirect(back)
        except DomainError as refusal:
            form.add_error(None, _told(refusal))
        except forms.ValidationError as refusal:
            form.add_error(None, refusal)
    context = {
        **table.admin_site.each_context(request),
        "opts": table.opts,
        "title": title,
        "words": words,
        "button": button,
        "form": form,
        "back": back,
    }
    return render(request, "admin/reconciliation/ask.html", context, status=status)


def _told(refusal: DomainError) -> str:
    """Of arguments that are wrong what is wrong with them; of all else also what to do."""
    if isinstance(refusal, InvalidArguments):
        return " ".join(refusal.fields.values())
    return f"{refusal.text} {refusal.hint}"
