"""Every page of the back office opens for the admin, and none shows a secret or what is private about a passenger."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from oauth2_provider.models import AccessToken, Grant, IDToken, RefreshToken
from unfold.admin import ModelAdmin

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
from movmo.sandbox_vault.app import SandboxVault
from partners.api_key.models import ApiKey
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.contract.arguments import arguments_for
from tests.contract.world import World, cancellation_of
from tests.office import PASSWORD, SECRET, clerk_with_app, entered

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
MADE_BY_STAFF = {User, Group, Partner, ApiKey, Application, Partner._meta.get_field("plan").related_model}
NEVER_DELETED = {User, Partner, ApiKey, Application}
PHONE = "+4915112345678"


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


@pytest.fixture
def secrets(world: World, the_vault: SandboxVault, ana: User, aviare: Partner, scout: Application) -> list[str]:
    """A row of every model, and the texts that no page may show."""
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
    Group.objects.create(name="support")
    key, token = _let_in(ana, aviare, scout)
    secrets_of_checkout = _check_out(world, aviare)
    world.approval_id()
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


def _address(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def _read(office: Client, address: str, secrets: list[str]) -> None:
    answer = office.get(address)
    assert answer.status_code == 200, address
    page = answer.content.decode()
    shown = [secret for secret in secrets if secret in page]
    assert not shown, f"{address} shows {shown}"


def test_every_model_wears_the_theme() -> None:
    plain = [model for model, shown in admin.site._registry.items() if not isinstance(shown, ModelAdmin)]
    assert plain == []


def test_every_list_and_every_record_opens_and_tells_no_secret(office: Client, secrets: list[str]) -> None:
    for model in MODELS:
        rows = list(model._default_manager.all()[:2])
        assert rows, f"no row of {model._meta.label} was made"
        _read(office, _address(model, "changelist"), secrets)
        _read(office, _address(model, "changelist") + "?q=nothing", secrets)
        for row in rows:
            _read(office, _address(model, "change", row.pk), secrets)
            _read(office, _address(model, "history", row.pk), secrets)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_staff_add_only_what_is_theirs_to_add(office: Client, model: type[Model]) -> None:
    assert office.get(_address(model, "add")).status_code == (200 if model in MADE_BY_STAFF else 403)


def test_what_services_write_is_read_only(office: Client, secrets: list[str]) -> None:
    for model in set(MODELS) - MADE_BY_STAFF:
        row = model._default_manager.all()[0]
        assert office.post(_address(model, "change", row.pk), {}).status_code == 403, model
        assert office.post(_address(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model


def test_what_the_trail_names_is_not_deleted(office: Client, secrets: list[str]) -> None:
    for model in NEVER_DELETED:
        row = model._default_manager.all()[0]
        assert office.post(_address(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model


def test_the_sidebar_leads_to_every_list(office: Client) -> None:
    index = office.get("/admin/").content.decode()
    assert [model for model in MODELS if f'href="{_address(model, "changelist")}"' not in index] == []
    titles = ("Bookings", "Partners", "People", "Events", "Audit", "Sandbox airline")
    assert [title for title in titles if title not in index] == []


def test_the_secret_of_a_confidential_client_is_shown_once(office: Client, aviare: Partner) -> None:
    form = {
        "name": "Aviare back end",
        "partner": str(aviare.pk),
        "client_type": Application.CLIENT_CONFIDENTIAL,
        "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
        "redirect_uris": "https://aviare.example/callback",
    }
    made = office.post("/admin/partners/application/add/", form, follow=True).content.decode()
    secret = made.split('id="secret"')[1].split('value="')[1].split('"')[0]
    assert len(secret) == 43
    client = Application.objects.get()
    assert client.client_secret != secret
    assert secret not in office.get(_address(Application, "change", client.pk)).content.decode()


def test_a_clerk_who_opens_the_sign_in_page_itself_comes_to_the_back_office(client: Client, db: None) -> None:
    chief = clerk_with_app()
    page = client.get("/admin/login/").content.decode()
    assert '<input type="hidden" name="next" value="/admin/" form="login-form">' in page
    form = {"username": chief.email, "password": PASSWORD, "next": "/admin/"}
    assert client.post("/admin/login/", form).headers["Location"] == "/admin/"
