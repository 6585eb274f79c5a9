"""The pages on which a person decides what an agent may do. Nothing is decided by looking at one."""

from typing import Any
from uuid import UUID

import structlog
from csp.constants import SELF
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from movmo.accounts.models import User
from movmo.accounts.pages import Page
from movmo.accounts.sign_in.confirming import recent_proof, to_confirm
from movmo.kit import clock
from movmo.operations.approval import deciding, mandates
from movmo.operations.approval.deciding import ApprovalDecided, MandateContended
from movmo.operations.approval.mandates import Limits
from movmo.operations.approval.models import Approval
from movmo.operations.approval.people import PersonChanged
from movmo.operations.approval.states import State, state_of
from partners.approval import forms, questions
from partners.approval.forms import AllowanceForm

log = structlog.get_logger()

LATEST = 20
TOO_LATE = "Nothing was changed: this question had been answered, or was over, before you pressed the button."
BUSY = "Nothing was decided: something else was going on with your account at that moment. Press the button again."
PUT_OUT = "Nothing was decided: this application may not act for you any more. Decline, or leave it."


class PersonsPage(LoginRequiredMixin, Page):
    """Its forms lead to this server only."""

    def show(self, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        response = render(self.request, template, context, status=status)
        response._csp_update = {"form-action": [SELF]}  # type: ignore[attr-defined]
        return response

    @property
    def person(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user


class Approvals(PersonsPage):
    """What waits, and what was lately decided."""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = clock.now()
        latest = Approval.objects.filter(user_id=self.person.pk).order_by("-id")[:LATEST]
        asked = questions.read_all(list(latest), self.person, now=now)
        waiting, over = ([one for one in asked if one.is_waiting is wanted] for wanted in (True, False))
        has_allowed = mandates.live(user_id=self.person.pk, now=now).exists()
        return self.show("approvals/approvals.html", {"waiting": waiting, "over": over, "has_allowed": has_allowed})


class OneApproval(PersonsPage):
    """One question of one's own; another's is not there, and looks like one that never was."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Http404:
            return self.show("approvals/absent.html", {}, status=404)

    def get(self, request: HttpRequest, approval_id: UUID) -> HttpResponse:
        return self._page()

    def post(self, request: HttpRequest, approval_id: UUID) -> HttpResponse:
        answer = {"approve": self._approve, "allow": self._allow, "decline": self._decline}
        decide = answer.get(request.POST.get("action", ""))
        if decide is None:
            return redirect(request.path)
        try:
            return decide()
        except OperationalError as failure:  # calls that are under way hold what this waits for
            log.warning("approval.busy", failure=type(failure).__name__)
            return self._page(failure=BUSY, status=503)

    def _decline(self) -> HttpResponse:
        """To say no is safe: it needs no proof."""
        approval, proof = self._approval(), recent_proof(self.request)
        try:
            deciding.decline(approval.pk, user_id=self.person.pk, proof=proof, now=clock.now())
        except ApprovalDecided:
            self._tell_too_late({State.DECLINED})
        return redirect(self.request.path)

    def _allow(self) -> HttpResponse:
        form = forms.offered(self._approval(), now=clock.now(), posted=self.request.POST)
        if form is None:
            return redirect(self.request.path)
        return self._approve(form.limits) if form.is_valid() else self._page(form, status=422)

    def _approve(self, allowance: Limits | None = None) -> HttpResponse:
        approval, proof = self._approval(), recent_proof(self.request)
        if proof is None:
            return HttpResponseRedirect(to_confirm(self.request.path))
        if not questions.agent_of(self.person, approval.client_id).is_let_in:
            return self._page(failure=PUT_OUT, status=409)
        try:
            deciding.approve(approval.pk, user_id=self.person.pk, proof=proof, now=clock.now(), allowance=allowance)
        except ApprovalDecided:
            self._tell_too_late({State.APPROVED, State.USED})
        except (MandateContended, PersonChanged) as refusal:
            return self._page(failure=f"Nothing was decided. {refusal.text}", status=409)
        return redirect(self.request.path)

    def _tell_too_late(self, wanted: set[State]) -> None:
        """A button pressed twice has done what it says."""
        if state_of(self._approval(), now=clock.now()) not in wanted:
            messages.warning(self.request, TOO_LATE)

    def _page(self, form: AllowanceForm | None = None, *, failure: str = "", status: int = 200) -> HttpResponse:
        approval, now = self._approval(), clock.now()
        question = questions.read(approval, self.person, now=now)
        context: dict[str, Any] = {"question": question, "failure": failure}
        if question.is_waiting:
            context["form"] = form or forms.offered(approval, now=now)
            context["confirm_url"] = "" if recent_proof(self.request) else to_confirm(self.request.path)
        return self.show("approvals/approval.html", context, status=status)

    def _approval(self) -> Approval:
        return get_object_or_404(Approval, pk=self.kwargs["approval_id"], user_id=self.person.pk)


class Revoke(PersonsPage):
    """End one of one's own mandates. It is the safe direction: being signed in will do."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, mandate_id: UUID) -> HttpResponse:
        if mandates.revoke(mandate_id, user_id=self.person.pk, now=clock.now()):
            messages.success(request, "It is revoked: from now on this application asks you each time.")
        else:
            messages.info(request, "There was nothing to revoke: that allowance had ended already.")
        return redirect("oauth2_provider:connections")
