"""The first calls with the partner's own test key: made by a button, shown in the snippets of that one answer."""

from django.http import HttpResponse, HttpResponseRedirect

from movmo.accounts.sign_in.confirming import recent_proof, to_confirm
from movmo.kit import clock
from partners.api_key import services
from partners.portal import snippets
from partners.portal.page import TWICE, PartnerPage

NAME = "quick start"


class QuickStart(PartnerPage):
    tab = "quick_start"

    def shown(self) -> HttpResponse:
        return self._page(None)

    def sent(self) -> HttpResponse:
        if recent_proof(self.request) is None:
            return HttpResponseRedirect(to_confirm(self.request.path))
        if not self.is_first():
            return self.not_done(TWICE, "quick_start")
        try:
            with self.changing("create_api_key") as change:
                key, raw = services.issue(partner=self.partner, name=NAME, now=clock.now(), live=False)
                change.of(key.pk, hint=key.hint, mode=key.mode)
        except services.KeyRefused as refusal:
            return self.not_done(str(refusal), "keys")
        return self._page(raw)

    def _page(self, raw: str | None) -> HttpResponse:
        told = snippets.of(self.partner, key=raw, today=clock.now().date())
        context = {
            "is_registered": snippets.origin_of(self.partner) is not None,
            "is_old": not recent_proof(self.request),
        }
        return self.show("quick_start", snippets=told, key=raw, **context)
