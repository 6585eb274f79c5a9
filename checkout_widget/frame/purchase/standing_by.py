"""What a traveler does before they say yes is done at no other time: then they are shown how the session stands."""

from django.http import HttpResponse

from checkout_widget.frame import standing
from checkout_widget.frame.access import FrameView
from checkout_widget.session import steps
from checkout_widget.session.states import SIGNED_IN
from movmo.kit import clock


def elsewhere(view: FrameView) -> HttpResponse | None:
    """None while there is something to choose."""
    is_choosing = steps.state_of(view.session, now=clock.now()) in SIGNED_IN
    return None if is_choosing else standing.shown(view)
