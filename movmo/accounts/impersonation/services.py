"""A clerk looks at a traveler's pages as the traveler sees them: to read only, for half an hour at most, for a reason.

Django-hijack changes who the session is signed in as, and back. The rest is ours: the clerk's own session is set aside
whole and comes back as it was, with its age and its proofs; the row of the list of sessions stays the clerk's; and on
every request it is asked again whether clerk and traveler may still be in this. The traveler's last sign-in, sessions,
browsers and letters hear nothing of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.usersessions.models import UserSession
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from hijack.views import AcquireUserView, ReleaseUserView

from movmo.accounts.models import User
from movmo.accounts.office import site as office
from movmo.accounts.office.site import Standing
from movmo.accounts.session.services import LENT
from movmo.kit.errors import Internal
from movmo.kit.ids import new_id
from movmo.operations import audit, rights
from movmo.operations.context import Door
from movmo.operations.models import AuditEvent
from movmo.operations.reasons import reason_of

LONGEST = timedelta(minutes=30)
HISTORY = "hijack_history"
BEGIN, END, REFUSED = "begin_impersonation", "end_impersonation", "refuse_impersonation"
EXPIRED, WITHDRAWN, READ_ONLY = "expired", "withdrawn", "read_only"
NOT_PERMITTED = "not_permitted"
OWN_TO_A_SESSION = (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY)


class Still(Enum):
    YES = auto()
    OVER = auto()  # its time is up, or the clerk's own in the office is
    NOT = auto()  # clerk or traveler are no longer who they were


@dataclass(frozen=True, slots=True)
class Shown:
    """For the banner."""

    traveler: str
    until: datetime


def may(*, hijacker: User, hijacked: User | None) -> bool:
    """Django-hijack asks this as well, before it changes anything."""
    if hijacked is None or not hijacked.is_active or hijacked.is_staff or hijacked.is_superuser:
        return False
    return hijacker.is_active and hijacker.is_staff and hijacker.has_perm(rights.IMPERSONATE)


class _Acquire(AcquireUserView):
    """Of the traveler whose page it was begun on, whatever the form says."""

    traveler: User | None = None

    def get_object(self, queryset: Any = None) -> User | None:
        return self.traveler


def begin(request: HttpRequest, traveler: User, *, reason: str, now: datetime) -> HttpResponse:
    """Raises InvalidArguments, PermissionDenied. What the clerk wants is in the audit trail before it is decided, what
    came of it before anything is seen."""
    clerk, said = request.user, reason_of(reason)
    if not isinstance(clerk, User) or LENT in request.session or not may(hijacker=clerk, hijacked=traveler):
        raise PermissionDenied
    until = now + LONGEST
    kept, key = {**dict(request.session.items()), office.SEEN: now.timestamp()}, request.session.session_key
    with _told(clerk, traveler, reason=said, until=until.isoformat(timespec="seconds")):
        answer = _Acquire.as_view(traveler=traveler)(request)
        assert isinstance(answer, HttpResponse)
        if request.session.get(HISTORY) != [str(clerk.pk)]:
            raise PermissionDenied
    request.session[LENT] = {
        "clerk_id": str(clerk.pk),
        "traveler_id": str(traveler.pk),
        "until": until.timestamp(),
        "reason": said,
        "kept": kept,
    }
    _row_follows(request, key)
    return answer


@contextmanager
def _told(clerk: User, traveler: User, **said: str) -> Iterator[None]:
    """Two lines: what is to begin, and whether it did, which commits with the change of who is signed in."""
    about: dict[str, Any] = {"call_id": new_id(), "clerk_id": clerk.pk, "traveler_id": traveler.pk, "said": said}
    _note(BEGIN, phase=AuditEvent.Phase.INTENT, **about)
    try:
        with transaction.atomic():
            yield
            _note(BEGIN, code=audit.DONE, **about)
    except PermissionDenied:
        _note(BEGIN, code=NOT_PERMITTED, **about)
        raise
    except Exception:
        _note(BEGIN, code=Internal.code, **about)
        raise


def still(request: HttpRequest, *, now: datetime) -> Still:
    """Whoever the clerk is by now: one who was made inactive, lost the right or got a new password is out at once."""
    lent, traveler = request.session.get(LENT), request.user
    if not lent or not isinstance(traveler, User) or str(traveler.pk) != lent["traveler_id"]:
        return Still.NOT
    clerk, kept = User.objects.filter(pk=lent["clerk_id"]).first(), lent["kept"]
    if clerk is None or not constant_time_compare(clerk.get_session_auth_hash(), kept[HASH_SESSION_KEY]):
        return Still.NOT
    if request.session.get(HISTORY) != [str(clerk.pk)] or not may(hijacker=clerk, hijacked=traveler):
        return Still.NOT
    records = kept.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
    is_inside = office.standing_of(clerk, records, seen=kept[office.SEEN]) is Standing.INSIDE
    return Still.YES if is_inside and now.timestamp() < lent["until"] else Still.OVER


def shown(request: HttpRequest) -> Shown:
    until = datetime.fromtimestamp(request.session[LENT]["until"], tz=UTC)
    return Shown(traveler=str(request.user), until=until)


def end(request: HttpRequest, *, code: str = audit.DONE) -> UUID:
    """The clerk's own session again, as it was set aside. Only after `still`. Returns whose pages it were."""
    lent, key = request.session[LENT], request.session.session_key
    traveler_id = UUID(lent["traveler_id"])
    with transaction.atomic():
        view = ReleaseUserView()
        view.setup(request)
        view.post(request)  # type: ignore[no-untyped-call]
        _note(END, code=code, **_both(lent))
    request.session.pop(HISTORY, None)
    for name, value in lent["kept"].items():
        if name not in OWN_TO_A_SESSION:
            request.session[name] = value
    _row_follows(request, key)
    return traveler_id


def abandon(request: HttpRequest) -> None:
    """Nobody's session: neither the traveler's pages nor the clerk's come back."""
    if lent := request.session.get(LENT):
        _note(END, code=WITHDRAWN, **_both(lent))
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    request.session.flush()


def refused(request: HttpRequest, *, what: str) -> None:
    """Something other than looking was tried. `what` is the method and the name of the page."""
    _note(REFUSED, code=READ_ONLY, said={"tried": what}, **_both(request.session[LENT]))


def _row_follows(request: HttpRequest, key: str | None) -> None:
    """In the list of sessions it is the clerk's all the time: ending it there ends this, too."""
    request.session.save()
    UserSession.objects.filter(session_key=key).update(session_key=request.session.session_key)


def _both(lent: dict[str, Any]) -> dict[str, Any]:
    return {name: UUID(lent[name]) for name in ("clerk_id", "traveler_id")}


def _note(what: str, *, clerk_id: UUID, traveler_id: UUID, said: dict[str, str] | None = None, **more: Any) -> None:
    """`more`: what else `audit.note` takes."""
    audit.note(what, door=Door.OFFICE, user_id=clerk_id, resource_id=traveler_id, arguments=said, **more)
