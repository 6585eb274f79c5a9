"""What a person may have of us: all that is known of them, and that it be forgotten.

Every room that knows something of people registers what it has to tell and to erase; this module knows no room above
its own. Erasing is one transaction. What the law wants kept stays without the person: a booking keeps its money, its
flights and its PNR, and who travelled is encrypted with a key that is destroyed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError, transaction
from django.db.models import Q

from movmo.accounts import personal
from movmo.accounts.contact_change.models import ContactChange
from movmo.accounts.letter import notices
from movmo.accounts.letter import services as letters
from movmo.accounts.models import Device, PendingLetter, User
from movmo.accounts.office import lockout
from movmo.accounts.preferences.models import LocalePreferences, TravelPreferences
from movmo.accounts.profile import queries as profile
from movmo.accounts.session import services as sessions
from movmo.kit import clock
from movmo.kit.errors import DomainError, Kind
from movmo.kit.ids import new_id
from movmo.operations.audit import DONE, shard_of
from movmo.operations.models import AuditEvent

log = structlog.get_logger()


class AccountBusy(DomainError):
    kind = Kind.CONFLICT
    code = "account_busy"
    message = "The account cannot be deleted yet: {reason}."
    hint = "Wait until that is decided, then delete the account."


@dataclass(frozen=True, slots=True)
class Records:
    """`tell` gives JSON values; `erase` runs inside the transaction; `check` raises AccountBusy."""

    name: str
    tell: Callable[[User], Any]
    erase: Callable[[User, datetime], None]
    check: Callable[[User], None] = lambda user: None


_records: dict[str, Records] = {}


def register(room: Records) -> None:
    """At start-up. A room that registers again replaces itself."""
    _records[room.name] = room


def export(user: User, *, door: str) -> dict[str, Any]:
    """Everything known of the person, by room, as JSON values. Numbers of documents are among it, so it is audited."""
    _note("export_account", user, door)
    return {name: room.tell(user) for name, room in sorted(_records.items())}


def delete(user: User, *, now: datetime, door: str) -> None:
    """Forget the person. Raises AccountBusy; then nothing was changed."""
    try:
        _forget(user, now=now, door=door)
    except OperationalError as failure:  # calls that are under way hold what this waits for, or wait for one another
        log.warning("account.busy", failure=type(failure).__name__)
        raise AccountBusy(reason="something of it is being changed at this moment") from failure


def _forget(user: User, *, now: datetime, door: str) -> None:
    with transaction.atomic(durable=True):
        _note("delete_account", user, door)
        list(User.objects.select_for_update().filter(pk=user.pk).values_list("pk"))
        for room in _records.values():
            room.check(user)
        notices.account_deleted(user)
        for room in _records.values():
            room.erase(user, now)
        personal.forget(user.pk)
        _anonymise(user)


def _note(what: str, user: User, door: str) -> None:
    """A line in the audit trail; it names the account by its id alone."""
    call_id = new_id()
    AuditEvent.objects.create(
        call_id=call_id,
        shard=shard_of(call_id),
        phase=AuditEvent.Phase.OUTCOME,
        at=clock.now(),
        door=door,
        operation=what,
        user_id=user.pk,
        code=DONE,
        resource_id=user.pk,
    )


def _anonymise(user: User) -> None:
    """The row stays, because others point at it; nothing in it is of the person."""
    user.email = f"deleted-{user.pk.hex}@movmo.invalid"
    user.first_name = user.last_name = user.phone_number = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()


def _tell(user: User) -> dict[str, Any]:
    travel = TravelPreferences.objects.filter(user=user).first()
    locale = LocalePreferences.objects.filter(user=user).first()
    return {
        "profile": profile.view(user).model_dump(mode="json"),
        "locale_preferences": locale
        and {"language": locale.language, "country": locale.country, "currency": locale.currency},
        "travel_preferences": travel
        and {
            "seat": travel.seat,
            "meal": travel.meal,
            "cabin_class": travel.cabin_class,
            "loyalty_programmes": travel.loyalty_programmes,
            "known_traveler_number": travel.known_traveler_number,
        },
        "devices": [
            {"label": device.label, "first_seen_at": device.first_seen_at, "last_seen_at": device.last_seen_at}
            for device in Device.objects.filter(user=user)
        ],
        "sessions": [
            {"from": one.ip, "browser": one.user_agent, "begun_at": one.created_at, "last_seen_at": one.last_seen_at}
            for one in UserSession.objects.filter(user=user)
        ],
        "ways_to_sign_in": [
            {"type": str(Authenticator.Type(one.type).label), "added_at": one.created_at, "used_at": one.last_used_at}
            for one in Authenticator.objects.filter(user=user)
        ],
        "letters_on_their_way": [
            {"letter": one.letter, "written_at": one.created_at, **letters.as_written(one)}
            for one in PendingLetter.objects.filter(user=user)
        ],
    }


def _erase(user: User, now: datetime) -> None:
    for model in (
        LocalePreferences,
        TravelPreferences,
        Device,
        ContactChange,
        PendingLetter,
        EmailAddress,
        Authenticator,
    ):
        model._default_manager.filter(user=user).delete()
    sessions.end_all(user)
    lockout.forget_all(user)
    # The back office names people in its own history: masked on their pages, by their address where they were staff.
    of_page = Q(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    LogEntry.objects.filter(of_page | Q(object_repr__contains=user.email)).update(object_repr="a deleted account")


RECORDS = Records("account", tell=_tell, erase=_erase)
