"""What a booking's story is made of: one moment for each row that tells of it, whatever table it is in."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.urls import reverse

from bookings.booking.amendment.models import Amendment
from bookings.booking.document.models import GIVEN_BACK, BookingDocument
from bookings.booking.models import BookingTransition
from bookings.booking.provider_call.models import ProviderCall
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.booking.states import OVER, SOLD, State
from bookings.cancellation.models import CancellationQuote
from bookings.offer.admin import journey
from bookings.reconciliation.alarm.models import UnknownAlarm
from movmo.kit.money import Money
from movmo.operations.models import Approval, AuditEvent, Event, Outbox
from partners.webhook.models import Failure, WebhookDelivery


class Group(StrEnum):
    """What may be shown by itself."""

    STEPS = "steps"
    PROVIDER = "provider"
    ASKED = "asked"
    DOCUMENTS = "documents"
    EVENTS = "events"
    LETTERS = "letters"
    WEBHOOKS = "webhooks"
    APPROVALS = "approvals"
    CHECKOUT = "checkout"
    AUDIT = "audit"


class Tone(StrEnum):
    PLAIN = "plain"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Moment:
    """`key` orders what happened at the same instant. `bodies` are long and shown on demand; `link` tells all of it."""

    at: datetime
    key: str
    group: Group
    icon: str
    title: str
    tone: Tone = Tone.PLAIN
    who: str = ""
    user_id: UUID | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[tuple[str, str]] = field(default_factory=list)
    link: str = ""


def page_of(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def facts(*pairs: tuple[str, Any]) -> list[tuple[str, str]]:
    """Without those that are not known."""
    return [(label, str(value)) for label, value in pairs if value not in (None, "", [])]


def of_step(step: BookingTransition) -> Moment:
    is_note = step.before == step.after
    return Moment(
        at=step.at,
        key=str(step.pk),
        group=Group.STEPS,
        icon="edit_note" if is_note else "timeline",
        title=step.reason if is_note else _words(step.after),
        tone=tone_of(State(step.after)),
        who=f"{step.who} {step.via}".strip(),
        user_id=step.user_id,
        facts=facts(("before", _words(step.before)), ("reason", "" if is_note else step.reason), ("fence", step.fence)),
        link=page_of(step),
    )


def tone_of(state: State) -> Tone:
    if state in SOLD:
        return Tone.GOOD
    if state in (State.UNKNOWN, State.MANUAL_REVIEW, State.FAILED):
        return Tone.BAD
    return Tone.WARNING if state in OVER else Tone.PLAIN


def _words(name: str) -> str:
    return name.replace("_", " ")


OF_OUTCOME = {"ok": Tone.GOOD, "rejected": Tone.WARNING, "unavailable": Tone.WARNING, "unknown": Tone.BAD}


def of_call(call: ProviderCall) -> Moment:
    return Moment(
        at=call.at,
        key=str(call.pk),
        group=Group.PROVIDER,
        icon="swap_calls",
        title=f"{_words(call.operation)}: {call.get_outcome_display()}",
        tone=OF_OUTCOME[call.outcome],
        who=f"Movmo → {call.provider}",
        facts=facts(("took", f"{call.duration_ms} ms"), ("refusal", call.refusal), ("request id", call.correlation)),
        bodies=[("asked", pretty(call.request)), ("answered", pretty(call.response))],
        link=page_of(call),
    )


def pretty(body: Any) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False) if body is not None else "nothing"


OF_AMENDMENT = {"open": Tone.PLAIN, "done": Tone.GOOD, "refused": Tone.WARNING, "review": Tone.BAD}


def of_amendment(amendment: Amendment) -> Moment:
    amount = amendment.amount_minor
    return Moment(
        at=amendment.created_at,
        key=str(amendment.pk),
        group=Group.ASKED,
        icon="edit_calendar",
        title=f"Asked: {_words(amendment.kind)} ({amendment.state})",
        tone=OF_AMENDMENT[amendment.state],
        who=f"{amendment.who} {amendment.via}".strip(),
        user_id=amendment.user_id,
        facts=facts(
            ("amount", None if amount is None else Money(amount, amendment.booking.currency)),
            ("attempts", amendment.attempts),
            ("failure", amendment.failure_code),
            ("reference", amendment.reference),
        ),
        link=page_of(amendment),
    )


def of_quote(quote: CancellationQuote) -> Moment:
    return Moment(
        at=quote.created_at,
        key=str(quote.pk),
        group=Group.ASKED,
        icon="request_quote",
        title=f"Cancellation quote ({quote.state})",
        facts=facts(("refund", quote.refund), ("penalty", quote.penalty), ("until", f"{quote.expires_at:%H:%M:%S}")),
        link=page_of(quote),
    )


def of_change(change: ScheduleChange) -> Moment:
    return Moment(
        at=change.announced_at,
        key=str(change.pk),
        group=Group.ASKED,
        icon="update",
        title=f"Schedule change, {change.severity} ({change.state})",
        tone=Tone.WARNING if change.state == ScheduleChange.State.WAITING else Tone.PLAIN,
        who="airline",
        facts=facts(
            ("was", journey(change.before)), ("becomes", journey(change.after)), ("decided", change.decided_by)
        ),
        link=page_of(change),
    )


def of_document(document: BookingDocument) -> Moment:
    is_back = document.kind in GIVEN_BACK
    return Moment(
        at=document.issued_at,
        key=str(document.pk),
        group=Group.DOCUMENTS,
        icon="undo" if is_back else "confirmation_number",
        title=f"{document.get_kind_display()} {document.number}",
        tone=Tone.WARNING if is_back else Tone.GOOD,
        who="airline",
        facts=facts(("amount", document.amount)),
        link=page_of(document),
    )


def of_event(event: Event) -> Moment:
    return Moment(
        at=event.created_at,
        key=str(event.pk),
        group=Group.EVENTS,
        icon="campaign",
        title=f"Event {event.type}",
        who="Movmo",
        facts=facts(("number", event.sequence), ("place", event.position or "not published yet")),
        bodies=[("payload", pretty(event.payload))],
        link=page_of(event),
    )


OF_LETTER = {"ready": Tone.PLAIN, "done": Tone.GOOD, "given_up": Tone.BAD}


def of_letter(row: Outbox, name: str) -> Moment:
    what = {"ready": "waits", "done": "done with", "given_up": "given up"}[row.state]
    return Moment(
        at=row.due_at,
        key=str(row.pk),
        group=Group.LETTERS,
        icon="mail",
        title=f"Letter “{_words(name)}” {what}",
        tone=OF_LETTER[row.state],
        who="Movmo → traveler",
        facts=facts(("attempts", row.attempts), ("reason", row.reason)),
        link=page_of(row),
    )


def of_alarm(alarm: UnknownAlarm) -> Moment:
    return Moment(
        at=alarm.raised_at,
        key=str(alarm.pk),
        group=Group.LETTERS,
        icon="notification_important",
        title="Staff were told that nobody knows its end",
        tone=Tone.BAD,
        facts=facts(("unknown since", alarm.unknown_since)),
    )


OF_DELIVERY = {"waiting": Tone.WARNING, "delivered": Tone.GOOD, "failed": Tone.BAD}


def of_delivery(delivery: WebhookDelivery, host: str) -> Moment:
    why = Failure(delivery.last_failure).label if delivery.last_failure else ""
    return Moment(
        at=delivery.settled_at or delivery.created_at,
        key=str(delivery.pk),
        group=Group.WEBHOOKS,
        icon="webhook",
        title=f"Webhook {delivery.event.type} {delivery.state}",
        tone=OF_DELIVERY[delivery.state],
        who=f"Movmo → {host}",
        facts=facts(("tries", delivery.tries), ("went wrong", why)),
        link=page_of(delivery),
    )


def of_approval(approval: Approval) -> Iterable[Moment]:
    shared = {"group": Group.APPROVALS, "icon": "how_to_reg", "link": page_of(approval)}
    asked = f"Approval of {_words(approval.operation)}"
    who = f"agent {approval.client_id}"
    yield Moment(approval.requested_at, f"{approval.pk}", title=f"{asked} asked for", who=who, **shared)  # type: ignore[arg-type]
    if approval.decided_at:
        how = facts(("decided with", approval.decided_with))
        told = {"title": f"{asked}: {approval.state}", "who": "traveler", "facts": how}
        yield Moment(approval.decided_at, f"{approval.pk} decided", **told, **shared)  # type: ignore[arg-type]


def of_audit(line: AuditEvent) -> Moment:
    is_intent = line.phase == AuditEvent.Phase.INTENT
    refused = not is_intent and line.code not in ("done", "")
    return Moment(
        at=line.at,
        key=str(line.pk),
        group=Group.AUDIT,
        icon="history",
        title=f"{_words(line.operation)}: {'begun' if is_intent else line.code}",
        tone=Tone.WARNING if refused else Tone.PLAIN,
        who=" ".join(filter(None, (line.door, line.client_id))),
        user_id=line.user_id,
        facts=facts(
            ("took", None if line.duration_ms is None else f"{line.duration_ms} ms"), ("request id", line.request_id)
        ),
        bodies=[("arguments", pretty(line.arguments))] if line.arguments else [],
        link=page_of(line),
    )


def of_checkout(session: Any) -> Moment:
    """The session that the booking was made in. Its room is above this one: what is used of it stands here."""
    return Moment(
        at=session.created_at,
        key=str(session.pk),
        group=Group.CHECKOUT,
        icon="shopping_cart",
        title=f"Checkout opened ({_words(session.state)})",
        who=session.origin,
        facts=facts(("total", session.total), ("declined cards", session.declines or None)),
        link=page_of(session),
    )


def of_attempt(attempt: Any) -> Moment:
    total = Money(attempt.total_minor, attempt.currency)
    return Moment(
        at=attempt.began_at,
        key=str(attempt.pk),
        group=Group.CHECKOUT,
        icon="shopping_cart_checkout",
        title=f"Bought in the checkout, attempt {attempt.number}",
        who="traveler",
        facts=facts(("total", total), ("outcome", attempt.outcome)),
        link=page_of(attempt.session),
    )
