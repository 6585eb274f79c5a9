"""The person. E-mail is the login; there is no username, and travelers have no password."""

from typing import Any, ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models

from movmo.accounts.contact_change.models import ContactChange
from movmo.accounts.letter.models import PendingLetter
from movmo.accounts.personal import PersonKey
from movmo.accounts.preferences.models import LocalePreferences, TravelPreferences
from movmo.kit import clock, masks
from movmo.kit.ids import new_id
from movmo.operations import rights

__all__ = [
    "CacheRow",
    "ContactChange",
    "Device",
    "LocalePreferences",
    "Lockout",
    "PendingLetter",
    "PersonKey",
    "SignInAttempts",
    "TravelPreferences",
    "User",
]


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A traveler. Without a password only a one-time code signs them in."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def arrive(self, email: str) -> "User":
        """The traveler of an address, made on the spot when it is new. Two first visits at once make one traveler."""
        nobody_knows = {"password": make_password(None)}
        return self.get_or_create(email=self.normalize_email(email).lower(), defaults=nobody_knows)[0]

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    username = None  # type: ignore[assignment]
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    phone_number = models.CharField(max_length=20, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        db_table = "user"
        permissions = rights.declared()

    def __str__(self) -> str:
        """As the lists of the back office have it: colleagues by their address, travelers masked."""
        return self.email if self.is_staff else masks.address(self.email)

    def clean(self) -> None:
        """As `create_user` has it: an address typed in the back office must be found when its owner types it."""
        super().clean()
        self.email = self.email.lower()


class SignInAttempts(models.Model):
    """How many tries of one pending sign-in were taken: see `attempts`."""

    pending = models.CharField(max_length=64, primary_key=True)
    taken = models.PositiveSmallIntegerField(default=0)
    begun_at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        db_table = "sign_in_attempts"
        verbose_name_plural = "sign-in attempts"

    def __str__(self) -> str:
        return f"{self.taken} since {self.begun_at:%Y-%m-%d %H:%M}"


class Lockout(models.Model):
    """Failures of one staff account to sign in, password or second factor, in a row: see `lockout`."""

    account = models.CharField(max_length=254, primary_key=True)
    failures = models.PositiveSmallIntegerField(default=0)
    last_failed_at = models.DateTimeField(default=clock.now)
    locked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "lockout"

    def __str__(self) -> str:
        return f"{self.account}: {self.failures}"


class CacheRow(models.Model):
    """The table of Django's database cache, which has no migration of its own. Sign-in keeps what must not come twice
    in it, and every worker has to see that."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "cache"

    def __str__(self) -> str:
        return self.cache_key


class Device(models.Model):
    """A browser that a person signed in with: it holds a cookie, of which the digest is kept here."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    digest = models.CharField(max_length=64)
    label = models.CharField(max_length=120, help_text="What the browser says of itself: “Firefox on Linux”.")
    first_seen_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "device"
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="one_row_per_user_and_device")]

    def __str__(self) -> str:
        return self.label
