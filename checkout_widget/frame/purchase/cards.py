"""Which card pays: a new one is typed into the vault's own fields, and its number comes nowhere near this server."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from checkout_widget.frame.access import FrameView
from checkout_widget.frame.purchase import reviewing
from checkout_widget.frame.purchase.standing_by import elsewhere
from movmo.kit import http
from movmo.kit.errors import DomainError
from movmo.kit.ids import new_id

KEPT_ALREADY = "card_already_kept"


class Cards(FrameView):
    """GET opens a capture and shows the vault's fields; POST keeps the card of the token that they answer with."""

    def get(self, request: HttpRequest, **_: Any) -> HttpResponse:
        return elsewhere(self) or self._captured()

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        if shown := elsewhere(self):
            return shown
        sent = {"capture_id": request.POST.get("capture_id", ""), "vault_token": request.POST.get("vault_token", "")}
        key = request.POST.get("key") or str(new_id())
        try:
            kept = self.ask("create_payment_method", sent, key).view.model_dump()
        except DomainError as refusal:
            return self._refused(refusal, {**sent, "key": key})
        return reviewing.shown(self, chosen=str(kept["payment_method_id"]))

    def _refused(self, refusal: DomainError, sent: dict[str, str]) -> HttpResponse:
        status = http.status_of(refusal)
        if refusal.retryable:  # the same token with the same key: what may have been done already is not done twice
            return self.show("card", sent=sent, problem=refusal, status=status)
        if refusal.code == KEPT_ALREADY:
            return reviewing.shown(self, problem=refusal, status=status)
        return self._captured(problem=refusal, status=status)

    def _captured(self, *, problem: DomainError | None = None, status: int = 200) -> HttpResponse:
        try:
            capture = self.ask("open_card_capture", {}).view.model_dump()
        except DomainError as refusal:
            return reviewing.shown(self, problem=refusal, status=http.status_of(refusal))
        return self.show("card", capture=capture, key=str(new_id()), problem=problem, status=status)
