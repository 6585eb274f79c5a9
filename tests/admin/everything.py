"""A row of every model that the back office shows."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from oauth2_provider.models import AccessToken, Grant, IDToken, RefreshToken

from bookings.booking.models import Booking
from bookings.offer.models import Offer
from bookings.passenger.models import Passenger
from bookings.payment_method.models import Redaction
from bookings.sandbox_airline.models import SandboxCancellationQuote, SandboxOrder, SandboxSeat, SandboxThrottle
from checkout_widget.session.models import CheckoutAttempt
from checkout_widget.session.schemas import OpenedCheckout
from checkout_widget.session.services import claim
from movmo.accounts.letter.notices import passkey_added
from movmo.accounts.models import Device, Lockout, SignInAttempts, User
from movmo.accounts.office import lockout
from movmo.kit import clock
from movmo.operations.models import IdempotencyRecord
from movmo.operations.trail import services as verifications
from partners.api_key.models import ApiKey
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.bookings.reconciliation import books
from tests.contract.arguments import arguments_for
from tests.contract.world import World, cancellation_of
from tests.office import SECRET

PHONE = "+4915112345678"


def make(world: World, ana: User, aviare: Partner, scout: Application) -> list[str]:
    """A row of every model, with the sandbox vault at hand. Returns the texts that no page may show."""
    world.booking()
    world.call("cancel_booking", **cancellation_of(world.quote()))
    factories.schedule_change(Booking.objects.all()[0])
    _fill_the_sandbox_airline()
    document, captured = world.document(), world.captured()
    world.call("create_payment_method", **captured)
    webhook_secret = world.webhook_endpoint().secret
    world.webhook_delivery()
    waiting = Redaction(vault="sandbox", token=b"redaction-token-secret", created_at=clock.now())
    waiting.save(force_insert=True)
    world.passenger(email="private@example.com", phone_number=PHONE)
    key, token = _let_in(ana, aviare, scout)
    secrets_of_checkout = _check_out(world, aviare)
    world.approval_id()
    world.call("create_batch", **arguments_for("create_batch", world))
    books.one_of_each(aviare)
    factories.export(aviare.pk, is_ready=True)
    verifications.ask(clerk_id=ana.pk, now=clock.now())
    UserSession.objects.create(user=ana, session_key="session-key-secret", ip="192.0.2.1", user_agent="Firefox")
    private = [
        *secrets_of_checkout,
        webhook_secret,
        "thylacine",
        document.number,
        captured["vault_token"],
        "redaction-token-secret",
    ]
    shown_to_nobody = [
        *private,
        "grant-code-secret",
        "refresh-token-secret",
        "device-digest-secret",
        "letter-secret",
        "session-key-secret",
    ]
    return [key, token, *shown_to_nobody, *_stored(), *_private()]


def _let_in(ana: User, aviare: Partner, scout: Application) -> tuple[str, str]:
    """A row of each way in. Returns a key and a token."""
    key = factories.api_key(aviare)
    token = factories.token(ana, ["flights:read"])
    later = clock.now() + timedelta(hours=1)
    Grant.objects.create(user=ana, application=scout, code="grant-code-secret", expires=later, redirect_uri="https://x")
    RefreshToken.objects.create(user=ana, application=scout, token="refresh-token-secret")
    IDToken.objects.create(user=ana, application=scout, expires=later, jti=uuid4())
    SignInAttempts.objects.create(pending="pending-sign-in-secret", taken=1)
    Lockout.objects.create(account=lockout.name_of(ana, lockout.Way.PASSWORD), failures=3)
    Device.objects.create(user=ana, digest="device-digest-secret", label="Firefox on Linux")
    passkey_added(ana, name="letter-secret")
    factories.mandate(ana, scout)
    factories.invitation(aviare)
    return key, token


def _check_out(world: World, aviare: Partner) -> list[str]:
    """A checkout with one attempt, and what it keeps to itself."""
    factories.checkout_origin(aviare)
    told = world.call("create_checkout_session", **arguments_for("create_checkout_session", world)).view
    assert isinstance(told, OpenedCheckout)
    session, _ = claim(told.session_id, told.client_secret, now=clock.now())
    session.customer_email = b"customer@shop.example"
    session.save(update_fields=["customer_email"])
    CheckoutAttempt.objects.create(
        session=session, number=1, user_id=uuid4(), total_minor=1, currency="EUR", began_at=clock.now()
    )
    return [told.client_secret, session.secret_digest, session.bearer_digest, "customer@shop.example"]


def _fill_the_sandbox_airline() -> None:
    """What it keeps beside an order and its tickets."""
    order, now = SandboxOrder.objects.all()[0], clock.now()
    flight = {"carrier": "XX", "flight_number": "100", "origin": "AMS", "departure_date": now.date()}
    SandboxSeat.objects.create(order=order, provider_passenger_id="pas_ana", designator="12A", **flight)
    SandboxCancellationQuote.objects.create(order=order, refund_minor=1, penalty_minor=1, expires_at=now)
    SandboxThrottle.objects.create(offer_id="off_twice_refused", refused=2)


def _stored() -> Iterator[str]:
    """What the tables keep of secrets."""
    for key in ApiKey.objects.all():
        yield key.digest
    for token in AccessToken.objects.all():
        yield token.token_checksum
    for client in Application.objects.all():
        yield client.client_secret
    for user in User.objects.exclude(password=""):
        yield user.password[-20:]
    for record in IdempotencyRecord.objects.all():
        yield bytes(record.key_hash).hex()
        yield bytes(record.fingerprint).hex()
    for offer in Offer.objects.all():
        yield offer.raw_sha256
    for factor in Authenticator.objects.all():
        yield factor.data["secret"]
    yield SECRET


def _private() -> Iterator[str]:
    yield from ("private@example.com", PHONE)
    for person in Passenger.objects.all():
        born = person.birth_date
        yield from (born.isoformat(), f"{born:%b}. {born.day}, {born.year}", f"{born:%B} {born.day}, {born.year}")
