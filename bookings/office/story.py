"""A booking's story: everything that was written down of it, from all tables, in the order of time.

Each table is read once, by an index, and no more than MOST of its newest rows: how long a page takes does not depend on
how much there is. A table that the clerk may not see is not read at all.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Model, QuerySet

from bookings.booking.amendment.models import Amendment
from bookings.booking.document.models import BookingDocument
from bookings.booking.models import Booking, BookingTransition
from bookings.booking.provider_call.models import ProviderCall
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.cancellation.models import CancellationQuote
from bookings.notification import letters
from bookings.office import moments
from bookings.office.moments import Group, Moment
from bookings.reconciliation.alarm.models import UnknownAlarm
from movmo.operations.models import Approval, AuditEvent, Event, Outbox
from partners.webhook.models import WebhookDelivery

MOST = 100
"""Rows of one table."""
MaySee = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Chip:
    """A sort of moments, to be shown by itself."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Story:
    """`moments` are newest first. `cut` are the tables of which there is more."""

    moments: list[Moment]
    chips: list[Chip]
    cut: list[str]


def of(booking: Booking, *, may_see: MaySee) -> Story:
    """`may_see` tells of a permission, such as `bookings.view_booking`, whether the reader has it."""
    reading = _Reading(booking, may_see)
    found = sorted(reading.all(), key=lambda moment: (moment.at, moment.key), reverse=True)
    counts = {group: sum(moment.group is group for moment in found) for group in Group}
    chips = [Chip(group.value, count) for group, count in counts.items() if count]
    return Story(_named(found), chips, reading.cut)


class _Reading:
    """One reading of all tables; what later ones are found by is kept from the earlier."""

    def __init__(self, booking: Booking, may_see: MaySee) -> None:
        self.booking = booking
        self.cut: list[str] = []
        self._may_see = may_see

    def all(self) -> list[Moment]:
        asked = self._rows(Amendment, booking=self.booking)
        for amendment in asked:
            amendment.booking = self.booking
        quotes = self._rows(CancellationQuote, booking=self.booking)
        events = self._rows(Event, order="-sequence", subject_id=self.booking.pk)
        ids = [self.booking.pk, *(row.pk for row in [*asked, *quotes])]
        return [
            *map(moments.of_step, self._rows(BookingTransition, booking=self.booking)),
            *map(moments.of_call, self._rows(ProviderCall, booking=self.booking)),
            *map(moments.of_amendment, asked),
            *map(moments.of_quote, quotes),
            *map(moments.of_change, self._rows(ScheduleChange, booking=self.booking)),
            *map(moments.of_document, self._rows(BookingDocument, booking=self.booking)),
            *map(moments.of_event, events),
            *self._letters(events),
            *map(moments.of_alarm, self._rows(UnknownAlarm, needs=_viewing(Booking), booking=self.booking)),
            *self._deliveries(events),
            *(moment for row in self._rows(Approval, resource_id__in=ids) for moment in moments.of_approval(row)),
            *self._checkout(),
            *map(moments.of_audit, self._rows(AuditEvent, resource_id__in=ids)),
        ]

    def _rows(
        self, model: type[Any], *, order: str = "-pk", related: tuple[str, ...] = (), needs: str = "", **known: Any
    ) -> list[Any]:
        """The newest rows, if the reader may see the table, or has the permission that stands for it."""
        named = model._meta
        if not self._may_see(needs or _viewing(model)):
            return []
        rows: QuerySet[Any] = model._default_manager.filter(**known).order_by(order)
        found = list((rows.select_related(*related) if related else rows)[: MOST + 1])
        if len(found) > MOST:
            self.cut.append(str(named.verbose_name_plural))
        return found[:MOST]

    def _letters(self, events: list[Event]) -> Iterable[Moment]:
        """Letters are ordered by the event that they tell of; the outbox forgets them some days after they left.

        Whoever sees the events sees these: of other work in the outbox they see nothing.
        """
        named = {f"letter:{event.pk}": letter.name for event in events if (letter := letters.of(event))}
        rows = self._rows(Outbox, needs=_viewing(Event), dedup__in=list(named)) if named else []
        told = [moments.of_letter(row, named[row.dedup]) for row in rows]
        return told if self._may_see(_viewing(Outbox)) else [replace(moment, link="") for moment in told]

    def _deliveries(self, events: list[Event]) -> Iterable[Moment]:
        """Of the endpoint only the host: the rest of its address may hold a password of the partner's."""
        if not events:
            return []
        related = ("endpoint", "event")
        rows = self._rows(WebhookDelivery, related=related, event_id__in=[event.pk for event in events])
        return [moments.of_delivery(row, urlsplit(row.endpoint.url).hostname or "") for row in rows]

    def _checkout(self) -> Iterable[Moment]:
        """The checkout is a door: this room knows its tables by name only."""
        session, attempt = (_table(name) for name in ("CheckoutSession", "CheckoutAttempt"))
        sessions = self._rows(session, booking_id=self.booking.pk)
        attempts = self._rows(attempt, related=("session",), booking_id=self.booking.pk)
        return [*map(moments.of_checkout, sessions), *map(moments.of_attempt, attempts)]


def _viewing(model: type[Model]) -> str:
    return f"{model._meta.app_label}.view_{model._meta.model_name}"


def _table(name: str) -> type[Model]:
    return apps.get_model("checkout_widget", name)


def _named(found: list[Moment]) -> list[Moment]:
    """Who of our staff it was. Travelers are not named here: the booking says whose it is."""
    ids: set[UUID] = {moment.user_id for moment in found if moment.user_id}
    staff = dict(get_user_model().objects.filter(pk__in=ids, is_staff=True).values_list("pk", "email"))
    return [
        replace(moment, who=f"{moment.who} {staff[moment.user_id]}".strip()) if moment.user_id in staff else moment
        for moment in found
    ]
