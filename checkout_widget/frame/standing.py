"""What the frame shows, by the state of its session: /step gives it, and every step that is done ends in it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from checkout_widget.frame import signing_in
from checkout_widget.frame.access import FrameView
from checkout_widget.frame.purchase import screens
from checkout_widget.session import steps, watching
from checkout_widget.session.states import UNDER_WAY
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock

SHOWN = {
    State.OPEN: signing_in.asked,
    State.AUTHENTICATED: screens.review,
    State.READY: screens.review,
    State.CONFIRMING: screens.processing,
    State.REQUIRES_ACTION: screens.challenge,
    State.COMPLETED: screens.completed,
    State.FAILED: screens.failed,
}


def shown(view: FrameView) -> HttpResponse:
    """The fragment for the state that the session has now. Raises DomainError."""
    state = steps.state_of(view.session, now=clock.now())
    return SHOWN[state](view) if state in SHOWN else view.over()


class Step(FrameView):
    """GET /step."""

    def get(self, request: HttpRequest, **_: Any) -> HttpResponse:
        return shown(self)


class Status(FrameView):
    """GET /status, for a frame that waits: it goes on with the booking, and tells whether there is another step."""

    def get(self, request: HttpRequest, **_: Any) -> HttpResponse:
        if self.session.state in UNDER_WAY:
            watching.look(self.session, request_id=self.caller.request_id)
            self.session.refresh_from_db()
        state = steps.state_of(self.session, now=clock.now())
        return JsonResponse({"status": state, "mark": self.session.sequence})
