"""Showing in the frame who one is: an e-mail address, and the code of the letter that went there; or a passkey.

Codes and challenges are the house's own, kept in the checkout instead of a browser's session. There is no notice of a
new browser as after signing in on a page: the frame has no cookie by which one would be known again, nobody stays
signed in beyond this one checkout, and the owner knows: by the letter with the code, or by the finger on the device.
"""

import json
from typing import Any

from django.db import transaction
from django.http import HttpResponse

from checkout_widget.frame.access import FrameView
from checkout_widget.session import services
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.refusals import CodeTriesExhausted, FrameReplaced
from movmo.accounts.models import User
from movmo.accounts.passkey import services as passkeys
from movmo.accounts.sign_in import attempts
from movmo.accounts.sign_in.codes import Kept, Pending, Purpose
from movmo.kit import clock

TRIES_IN_ALL = 5
"""Of one checkout, however many letters and frames it takes."""


def asked(view: FrameView) -> HttpResponse:
    """For the code, where one was sent; else for the address."""
    pending = pending_of(view.session)
    return code_form(view, pending) if pending else email_form(view)


def email_form(
    view: FrameView, *, typed: str | None = None, problem: str = "", notice: str = "", status: int = 200
) -> HttpResponse:
    """`problem` is about the address, `notice` is not."""
    known = view.session.customer_email
    email = typed if typed is not None else known.decode() if known else ""
    shown = {"email": email, "problem": problem, "notice": notice, "passkeys_possible": passkeys.possible()}
    return view.show("email", status=status, **shown)


def code_form(
    view: FrameView, pending: Pending, *, problem: str = "", notice: str = "", status: int = 200
) -> HttpResponse:
    return view.show("code", status=status, email=pending.email, problem=problem, notice=notice)


def pending_of(session: CheckoutSession) -> Pending | None:
    pending = Pending.of(kept_of(session), Purpose.SIGN_IN)
    return None if pending is None or pending.is_over else pending


def kept_of(session: CheckoutSession) -> Kept:
    """What `keep` has kept."""
    found: dict[str, Any] = json.loads(session.signing_in) if session.signing_in else {}
    return found


def keep(session: CheckoutSession, kept: Kept) -> None:
    """What changed in it since it was read; what was kept meanwhile beside that stays.

    Raises FrameReplaced: what one frame waits for is nothing to the next.
    """
    read = kept_of(session)
    with transaction.atomic():
        row = CheckoutSession.objects.select_for_update().get(pk=session.pk)
        if row.bearer_digest != session.bearer_digest:
            raise FrameReplaced
        merged = _merged(kept_of(row), read=read, changed=kept)
        session.signing_in = row.signing_in = json.dumps(merged).encode() if merged else None
        row.save(update_fields=["signing_in"])


def _merged(now: Kept, *, read: Kept, changed: Kept) -> Kept:
    """`now` with what was put into `read`, and without what was taken out of it, unless it is another by now."""
    put = {name: value for name, value in changed.items() if value != read.get(name)}
    taken = {name for name in read if name not in changed and now.get(name) == read[name]}
    return {name: value for name, value in now.items() if name not in taken} | put


def take_try(session: CheckoutSession) -> None:
    """Of the checkout, beside those that each letter has. Raises CodeTriesExhausted."""
    if not attempts.take(attempts.name_of(str(session.pk), "checkout"), limit=TRIES_IN_ALL):
        raise CodeTriesExhausted


def arrive(session: CheckoutSession, email: str, kept: Kept) -> bool:
    """The address is proven to be theirs: its traveler comes to be here. False if the account was closed meanwhile.

    Raises FrameReplaced or CheckoutNotOpen.
    """
    traveler = User.objects.arrive(email)
    if not traveler.is_active:
        keep(session, kept)
        return False
    services.arrive(session, traveler.pk, now=clock.now())
    return True
