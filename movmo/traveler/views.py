"""What every page of this door has in common: signed in, private, and asked through the pipeline."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from movmo.accounts import fields
from movmo.accounts.fields import Field, Form
from movmo.accounts.pages import Page
from movmo.kit.errors import DomainError, Kind
from movmo.kit.ids import new_id
from movmo.traveler.asking import ask, told

STATUSES = {Kind.LIMITED: 429, Kind.UPSTREAM_UNREACHABLE: 503, Kind.CONFLICT: 409}


class TravelerPage(LoginRequiredMixin, Page):
    """A page of one person. An operation that finds nothing makes it a page that is not there."""

    template_name = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().dispatch(request, *args, **kwargs)
        except DomainError as refusal:
            if refusal.kind is Kind.NOT_FOUND:
                raise Http404 from None
            context = {"refusal": refusal}
            return render(request, "traveler/refused.html", context, status=STATUSES.get(refusal.kind, 422))

    def tell(self, operation_name: str, **arguments: Any) -> dict[str, Any]:
        return told(self.request, operation_name, **arguments)

    def show(self, *, status: int = 200, **context: Any) -> HttpResponse:
        return render(self.request, self.template_name, context, status=status)

    def done(self, message: str, to: str) -> HttpResponse:
        """Post, redirect, get: reloading the page that follows repeats nothing. A page half-way has nothing to say."""
        if message:
            messages.success(self.request, message)
        return HttpResponseRedirect(to)


class FormPage(TravelerPage, ABC):
    """A form whose fields are arguments of `operation`. Its key comes with the page, so that sending twice is once."""

    operation = ""
    fields: Sequence[Field] = ()
    success = ""

    def named(self) -> dict[str, Any]:
        """Arguments from the path."""
        return {name: str(value) for name, value in self.kwargs.items()}

    def initial(self) -> dict[str, Any]:
        return {}

    def arguments(self, typed: dict[str, Any]) -> dict[str, Any]:
        """What was typed, as the operation takes it."""
        return typed

    def complaints(self, refusal: DomainError, typed: dict[str, Any]) -> Mapping[str, str]:
        """What is wrong, by pointers to the fields of the page."""
        return refusal.fields

    @abstractmethod
    def to(self, view: dict[str, Any]) -> str:
        """Where the page leads when the operation has answered with the view."""

    def context(self) -> dict[str, Any]:
        return {}

    def get(self, request: HttpRequest, **path: UUID) -> HttpResponse:
        return self.shown(Form(self.fields, self.initial()))

    def post(self, request: HttpRequest, **path: UUID) -> HttpResponse:
        form = Form(self.fields, typed := fields.read(self.fields, request.POST))
        try:
            arguments = {**self.arguments(typed), **self.named()}
            answer = ask(request, self.operation, arguments, request.POST.get("key"))
        except DomainError as refusal:
            if refusal.kind is Kind.NOT_FOUND:
                raise
            form.refused(refusal, self.complaints(refusal, typed))
            return self.shown(form, status=STATUSES.get(refusal.kind, 422), key=self._key_after(refusal))
        return self.done(self.success, self.to(answer.view.model_dump()))

    def shown(self, form: Form, *, status: int = 200, key: str | None = None) -> HttpResponse:
        return self.show(form=form, key=key or str(new_id()), status=status, **self.context())

    def _key_after(self, refusal: DomainError) -> str | None:
        """What may have been done already is asked for again with the same key."""
        return self.request.POST.get("key") if refusal.retryable else None
