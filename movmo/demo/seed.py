"""The demo's cast: two partners with their plans, two travelers, an agent's client, an admin and a clerk of each role.
Safe to repeat."""

import secrets
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction

from movmo import roles
from movmo.accounts.models import User
from movmo.accounts.office import second_factor
from movmo.demo.shop import place
from movmo.kit import clock
from movmo.operations.scopes import SCOPES
from partners.api_key import services as api_keys
from partners.api_key.models import ApiKey
from partners.member.models import Member, Role
from partners.oauth import services as oauth
from partners.oauth.models import Application
from partners.origin.models import CheckoutOrigin
from partners.partner.models import Partner
from partners.plan.models import UsagePlan

# Calls a second, calls at once, calls a month.
PLANS = {"aviare": (200, 400, 5_000_000), "customer": (50, 100, 500_000), "public-website": (20, 40, 100_000)}
PARTNERS = {"aviare": ("Aviare", "aviare"), "kestrel": ("Kestrel Travel", "customer")}
TRAVELERS = ("ana@example.com", "bo@example.com")
DEVELOPER = "dev@aviare.example"
ADMIN = "ops@example.com"
CLERKS = {role: f"{role}@example.com" for role in roles.ROLES if role != roles.ADMIN}
DEMO_KEY = "demo"


@dataclass(frozen=True, slots=True)
class Cast:
    """Credentials of one demo run. The texts of keys and tokens exist only here."""

    api_key: str
    other_api_key: str
    partner_token: str
    agent_token: str
    admin_password: str
    admin_app_key: str
    admin_codes: list[str]


@transaction.atomic(durable=True)
def seed() -> Cast:
    """Make what is missing, and new credentials; the keys of an earlier run are revoked."""
    for name, (rate, burst, month_quota) in PLANS.items():
        limits = {"rate": rate, "burst": burst, "month_quota": month_quota}
        UsagePlan.objects.get_or_create(name=name, defaults=limits)
    partners = {slug: _partner(slug) for slug in PARTNERS}
    ana, _bo = (User.objects.arrive(email) for email in TRAVELERS)
    joined = {"role": Role.OWNER, "joined_at": clock.now()}
    Member.objects.get_or_create(partner=partners["aviare"], user=User.objects.arrive(DEVELOPER), defaults=joined)
    for origin in (place.origin(), place.OWN_TRIAL):
        CheckoutOrigin.objects.get_or_create(partner=partners["aviare"], origin=origin)
    aviare_app = _client("aviare-web", "Aviare", "https://aviare.example/callback", partners["aviare"])
    scout = _client("scout", "Scout, a travel agent", "http://127.0.0.1/callback")
    password, app_key, codes = _admin()
    for role, email in CLERKS.items():
        _clerk(role, email)
    return Cast(
        api_key=_new_key(partners["aviare"]),
        other_api_key=_new_key(partners["kestrel"]),
        partner_token=oauth.issue_token(user=ana, application=aviare_app, scopes=SCOPES),
        agent_token=oauth.issue_token(user=ana, application=scout, scopes=SCOPES),
        admin_password=password,
        admin_app_key=app_key,
        admin_codes=codes,
    )


def _partner(slug: str) -> Partner:
    name, plan = PARTNERS[slug]
    defaults = {"name": name, "plan": UsagePlan.objects.get(name=plan)}
    return Partner.objects.get_or_create(slug=slug, defaults=defaults)[0]


def _client(client_id: str, name: str, redirect_uri: str, partner: Partner | None = None) -> Application:
    client: Application = Application.objects.get_or_create(
        client_id=client_id,
        defaults={
            "name": name,
            "partner": partner,
            "client_type": Application.CLIENT_PUBLIC,
            "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
            "redirect_uris": redirect_uri,
        },
    )[0]
    return client


def _new_key(partner: Partner) -> str:
    for old in ApiKey.objects.filter(partner=partner, name=DEMO_KEY, revoked_at=None):
        api_keys.revoke(old, now=clock.now())
    return api_keys.issue(partner=partner, name=DEMO_KEY, now=clock.now(), live=False)[1]


def _admin() -> tuple[str, str, list[str]]:
    """A new password and a new second factor for the admin at every run, so that none is ever a known one. The codes
    are recovery codes: they do not hurry a newcomer, and need no app."""
    password = secrets.token_urlsafe(12)
    admin = User.objects.filter(email=ADMIN).first() or User.objects.create_superuser(ADMIN)
    admin.set_password(password)
    admin.save(update_fields=["password"])
    admin.groups.set(Group.objects.filter(name=roles.ADMIN))
    app_key = second_factor.new_secret()
    return password, app_key, second_factor.start_over(admin, app_key)


def _clerk(role: str, email: str) -> None:
    """Without a password: a code by e-mail lets them in, and the first time they choose a second factor."""
    clerk = User.objects.filter(email=email).first() or User.objects.create_user(email, is_staff=True)
    clerk.groups.set(Group.objects.filter(name=role))
