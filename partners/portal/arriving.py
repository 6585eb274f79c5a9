"""The way in: which partner, the invitation, and the page for those who have neither."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from movmo.accounts.sign_in.confirming import recent_proof, to_confirm
from movmo.kit import clock
from partners.member import queries, services
from partners.member.models import Invitation
from partners.portal.page import PersonsPage


class Arrival(PersonsPage):
    """One partner: straight to it. Several: one chooses. None: whom to ask."""

    http_method_names = ("get", "head")

    def get(self, request: HttpRequest) -> HttpResponse:
        mine = list(queries.of(self.person))
        asked = list(queries.waiting_for(self.person, clock.now()))
        if len(mine) == 1 and not asked:
            return HttpResponseRedirect(reverse("partner:overview", args=[mine[0].partner.slug]))
        if not mine and not asked:
            return self.render("partner/absent.html", {}, status=404)
        return self.render("partner/choose.html", {"memberships": mine, "asked": asked})


class AcceptInvitation(PersonsPage):
    """Of whoever signs in with the address that was invited. For anybody else it is not there."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Http404:
            return self.render("partner/no_invitation.html", {}, status=404)

    def get(self, request: HttpRequest, **path: Any) -> HttpResponse:
        return self.render("partner/invitation.html", {"invitation": self._invitation()})

    def post(self, request: HttpRequest, **path: Any) -> HttpResponse:
        """A code or a passkey within the last minutes: the address is proven, not only kept by an open session."""
        found = self._invitation()
        if recent_proof(request) is None:
            return HttpResponseRedirect(to_confirm(request.path))
        try:
            member = services.accept(found.pk, user=self.person, now=clock.now())
        except services.InvitationOver:
            raise Http404 from None
        return HttpResponseRedirect(reverse("partner:overview", args=[member.partner.slug]))

    def _invitation(self) -> Invitation:
        mine = queries.waiting_for(self.person, clock.now())
        found = mine.select_related("partner", "invited_by").filter(pk=self.kwargs["invitation_id"]).first()
        if found is None:
            raise Http404
        return found
