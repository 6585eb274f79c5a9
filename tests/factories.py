"""Builders of the cast. Each returns a saved row; each may be called again for the same one."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from bookings.booking.models import Booking
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.export.models import Export
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.kit.ids import new_id
from movmo.operations.approval.models import Mandate
from partners.api_key import services as api_keys
from partners.member.models import Invitation, Member, Role
from partners.oauth import services as oauth
from partners.oauth.models import Application
from partners.origin.models import CheckoutOrigin
from partners.partner.models import Partner
from partners.plan.models import UsagePlan

CALLBACK = "http://127.0.0.1:51234/callback"


def traveler(email: str = "ana@example.com") -> User:
    return User.objects.arrive(email)


def plan(name: str = "commercial", *, rate: int = 1_000, burst: int = 2_000) -> UsagePlan:
    return UsagePlan.objects.get_or_create(name=name, defaults={"rate": rate, "burst": burst})[0]


def partner(slug: str = "aviare") -> Partner:
    return Partner.objects.get_or_create(slug=slug, defaults={"name": slug.capitalize(), "plan": plan()})[0]


def api_key(of: Partner, *, live: bool = False) -> str:
    """The text of a new key of the partner. Test keys reach the sandbox airline, which is the only one there is."""
    return api_keys.issue(partner=of, name="test", now=clock.now(), live=live)[1]


def application(name: str = "scout", *, of: Partner | None = None) -> Application:
    """A public client as an agent would register it: authorization code, loopback callback."""
    made: tuple[Application, bool] = Application.objects.get_or_create(
        client_id=name,
        defaults={
            "name": name.capitalize(),
            "client_type": Application.CLIENT_PUBLIC,
            "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
            "redirect_uris": CALLBACK,
            "partner": of,
        },
    )
    return made[0]


def token(user: User, scopes: Iterable[str], client: Application | None = None) -> str:
    return oauth.issue_token(user=user, application=client or application(), scopes=scopes)


def schedule_change(of: Booking) -> ScheduleChange:
    """One that waits. Only its row: the airline knows nothing of it."""
    made: tuple[ScheduleChange, bool] = ScheduleChange.objects.get_or_create(
        booking=of,
        reference="sch_1",
        defaults={
            "version": of.itinerary_version + 1,
            "severity": ScheduleChange.Severity.MAJOR,
            "before": of.itinerary,
            "after": of.itinerary,
            "announced_at": clock.now(),
        },
    )
    Booking.objects.filter(pk=of.pk).update(is_amended=True)
    return made[0]


def mandate(of: User, client: Application, **limits: Any) -> Mandate:
    """Up to 2000.00 EUR a booking and 4000.00 a month, for a week, for nobody yet."""
    return Mandate.objects.create(
        user_id=of.pk,
        client_id=client.client_id,
        **{
            "currency": "EUR",
            "per_booking_minor": 200_000,
            "per_month_minor": 400_000,
            "passenger_ids": [],
            "valid_until": clock.now() + timedelta(days=7),
            "granted_at": clock.now(),
            "granted_with": "code",
            **limits,
        },
    )


def export(partner_id: UUID, *, is_ready: bool = False, live: bool = False) -> Export:
    """The record of an export that a key of the partner ordered and that is over. Only its row: there is no file."""
    now = clock.now()
    outcome: dict[str, Any] = {"state": "failed", "failure_code": "not_written"}
    if is_ready:
        later = now + timedelta(days=7)
        outcome = {"state": "ready", "file": "export.csv", "as_of": now, "row_count": 1, "file_expires_at": later}
    return Export.objects.create(
        dataset="usage",
        format="csv",
        partner_id=partner_id,
        api_key_id=new_id(),
        is_live=live,
        created_at=now,
        due_at=now,
        **outcome,
    )


SHOP = "https://shop.example"
DEMO_SHOP = "http://partner.localhost:8000"


def checkout_origin(of: Partner, origin: str = SHOP) -> CheckoutOrigin:
    """A page of the partner's that may show its checkout."""
    return CheckoutOrigin.objects.get_or_create(partner=of, origin=origin)[0]


def member(of: Partner, email: str = "dev@aviare.example", role: Role = Role.OWNER) -> Member:
    """Somebody of the partner's."""
    joined = {"role": role, "joined_at": clock.now()}
    return Member.objects.get_or_create(partner=of, user=traveler(email), defaults=joined)[0]


def invitation(of: Partner, email: str = "new@aviare.example", role: Role = Role.DEVELOPER) -> Invitation:
    """Sent a moment ago by one of the partner's owners, without its letter."""
    now, sent_by = clock.now(), member(of).user
    return Invitation.objects.create(
        partner=of, email=email, role=role, invited_by=sent_by, invited_at=now, expires_at=now + timedelta(days=7)
    )
