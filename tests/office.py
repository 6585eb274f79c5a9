"""Staff at the door of the back office, and inside it."""

import time
from functools import cache

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.hashers import make_password
from django.test import Client

from movmo.accounts.models import User
from movmo.accounts.office import second_factor

PASSWORD = "a long passphrase"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
DOOR = "/admin/login/"
STEP = "/accounts/second-factor/"
NEW = "/accounts/second-factor/new/"
MINE = "/accounts/second-factor/mine/"


@cache
def _hashed() -> str:
    """Slow, and the same for everybody."""
    return make_password(PASSWORD)


def clerk_with_app(email: str = "chief@movmo.example", *, is_superuser: bool = True) -> User:
    clerk = User.objects.create(email=email, password=_hashed(), is_staff=True, is_superuser=is_superuser)
    TOTP.activate(clerk, SECRET)
    return clerk


def code(secret: str = SECRET, *, later: int = 0) -> str:
    """What the app shows now, or `later` steps of half a minute from now."""
    return second_factor.code_at(secret, second_factor.current_counter() + later)


def wrong_code() -> str:
    right = {code(later=step) for step in (-2, -1, 0, 1, 2)}
    return next(guess for guess in ("000000", "111111", "222222", "333333", "444444", "555555") if guess not in right)


def with_password(clerk: User, password: str = PASSWORD, client: Client | None = None) -> Client:
    """A browser after the first step."""
    client = client or Client()
    client.post(DOOR, {"username": clerk.email, "password": password, "next": "/admin/"})
    return client


def entered(client: Client, clerk: User) -> Client:
    """The browser of a clerk who came in a moment ago: for tests of what is inside. The way in has its own."""
    factor = Authenticator.objects.filter(user=clerk, type=Authenticator.Type.TOTP).first()
    factor = factor or TOTP.activate(clerk, SECRET).instance
    client.force_login(clerk, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time()},
        {"method": "mfa", "type": "totp", "id": factor.pk, "at": time.time()},
    ]
    session["account_authentication_methods_user"] = str(clerk.pk)
    session.save()
    return client
