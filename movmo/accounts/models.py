"""The person. E-mail is the login; there is no username, and travelers have no password."""

from typing import Any, ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models

from movmo.kit import clock
from movmo.kit.ids import new_id


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

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        db_table = "user"

    def __str__(self) -> str:
        return self.email


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
