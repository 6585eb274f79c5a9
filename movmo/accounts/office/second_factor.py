"""What staff prove beside the password or the code by e-mail: an app's code, a recovery code or a passkey.

The records and the passkeys are allauth's. The app's codes are judged here: each is good once and in order (RFC 6238,
5.2), counted in its row, where parallel requests meet.
"""

import base64
import secrets
from collections.abc import Iterator

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter, get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from movmo.accounts.letter import notices
from movmo.accounts.models import User
from movmo.accounts.session import services as sessions
from movmo.kit import clock
from movmo.kit.encrypted import keyring

BOUND_TO = "second-factor"
SECRET_BYTES = 20
SEALED_IN = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}
LONGEST_ID = 18  # digits that every database takes for a number


def sealed(text: str) -> str:
    """Encrypted, as text."""
    return base64.b64encode(keyring().encrypt(text.encode(), bound_to=BOUND_TO)).decode()


def unsealed(text: str) -> str:
    """Raises DecryptionFailed."""
    return keyring().decrypt(base64.b64decode(text), bound_to=BOUND_TO).decode()


def renew() -> Iterator[int]:
    """After a new key, encrypt anew. allauth keeps these as text in JSON, where no field of ours shows them."""
    for pk in Authenticator.objects.filter(type__in=SEALED_IN).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():  # a code that is spent meanwhile is written into the same JSON
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            written = 0 if row is None else _renewed(row)
        yield written


def _renewed(row: Authenticator) -> int:
    name = SEALED_IN[Authenticator.Type(row.type)]
    text = row.data.get(name)
    if not text or base64.b64decode(text)[0] == keyring().current:
        return 0
    row.data[name] = sealed(unsealed(text))
    row.save(update_fields=["data"])
    return 1


class MfaAdapter(DefaultMFAAdapter):
    """allauth's hooks: secrets are encrypted at rest, and we are called Movmo whatever the Host header says."""

    def encrypt(self, text: str) -> str:
        return sealed(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unsealed(encrypted_text)

    def _get_site_name(self) -> str:
        return "Movmo"


def factors_of(user: User) -> QuerySet[Authenticator]:
    """Without recovery codes, which only stand in for one of these, and without passkeys that were added on the pages
    of travelers: a code by e-mail is enough to add those, so they must not open more than it does."""
    found: QuerySet[Authenticator] = Authenticator.objects.filter(
        Q(type=Authenticator.Type.TOTP) | Q(type=Authenticator.Type.WEBAUTHN, data__office=True), user=user
    ).order_by("created_at")
    return found


def passkeys_elsewhere(user: User) -> bool:
    """Whether this person has passkeys that do not open the office."""
    mine = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    return bool(mine.exclude(pk__in=factors_of(user).values("pk")).exists())


def known(user: User, ids: list[int]) -> set[int]:
    """Those of `ids` that are factors or recovery codes of this person still."""
    found = set(factors_of(user).filter(pk__in=ids).values_list("pk", flat=True))
    codes = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES, pk__in=ids)
    return found | set(codes.values_list("pk", flat=True))


def new_secret() -> str:
    """Of an authenticator app: 160 bits in base32, as RFC 4226 has it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def current_counter() -> int:
    return int(clock.now().timestamp()) // int(app_settings.TOTP_PERIOD)


def code_at(secret: str, counter: int) -> str:
    code: str = format_hotp_value(hotp_value(secret, counter))
    return code


def counter_of(secret: str, code: str) -> int | None:
    """The time step that a code belongs to, among those that count: now, and one to either side for slow clocks."""
    now = current_counter()
    steps = range(now - app_settings.TOTP_TOLERANCE, now + app_settings.TOTP_TOLERANCE + 1)
    matching = [step for step in steps if compare_user_code(actual=code, expected=code_at(secret, step))]
    return matching[-1] if matching else None


def add_app(user: User, secret: str, code: str) -> Authenticator | None:
    """The authenticator app, if `code` shows that it has the secret; None if not, or if there is an app already."""
    step = counter_of(secret, code)
    if step is None:
        return None
    try:
        with transaction.atomic():
            app: Authenticator = TOTP.activate(user, secret).instance
            app.data["step"] = step
            app.save(update_fields=["data"])
            notices.second_factor_changed(user, what="An authenticator app was added")
    except IntegrityError:
        return None
    return app


@transaction.atomic
def admit(passkey: Authenticator) -> None:
    """Let a passkey open the office."""
    passkey.data["office"] = True
    passkey.save(update_fields=["data"])
    notices.second_factor_changed(passkey.user, what="A passkey was added")


@transaction.atomic
def judge(user: User, code: str) -> Authenticator | None:
    """What an app's code or a recovery code proves, used up by it; None if it is wrong or was used."""
    mine = Authenticator.objects.filter(user=user)
    app: Authenticator | None = mine.select_for_update().filter(type=Authenticator.Type.TOTP).first()
    if app is not None and _use_step(app, code):
        return app
    codes: Authenticator | None = mine.filter(type=Authenticator.Type.RECOVERY_CODES).first()
    stands_in = codes is not None and factors_of(user).exists() and RecoveryCodes(codes).validate_code(code)
    return codes if stands_in else None


def _use_step(app: Authenticator, code: str) -> bool:
    """The row is locked: of two requests with one code the second finds its step used."""
    step = counter_of(unsealed(app.data["secret"]), code)
    if step is None or step <= app.data.get("step", 0):
        return False
    app.data["step"] = step
    app.save(update_fields=["data"])
    return True


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """To be shown once. Those of before work no longer."""
    User.objects.select_for_update().get(pk=user.pk)  # of two requests at once the second finds the first's
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    return codes


def has_recovery_codes(user: User) -> bool:
    found: bool = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).exists()
    return found


def recovery_codes_left(user: User) -> int:
    codes = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return len(RecoveryCodes(codes).get_unused_codes()) if codes else 0


@transaction.atomic
def remove(user: User, pk: str) -> bool:
    """False if it is not there, or the only one that opens the office: without any, whoever signs in next would choose
    the new one."""
    if not pk.isdecimal() or len(pk) > LONGEST_ID:
        return False
    User.objects.select_for_update().get(pk=user.pk)
    gone = Authenticator.objects.filter(user=user, pk=pk).exclude(type=Authenticator.Type.RECOVERY_CODES).first()
    if gone is None or [factor.pk for factor in factors_of(user)] == [gone.pk]:
        return False
    kind = "A passkey" if gone.type == Authenticator.Type.WEBAUTHN else "The authenticator app"
    gone.delete()
    notices.second_factor_changed(user, what=f"{kind} was removed")
    return True


@transaction.atomic
def reset(user: User) -> int:
    """Take every factor away, recovery codes and passkeys of travelers' pages too, and end every session: one that is
    half-way could choose the new factor. Returns how many factors there were."""
    sessions.end_all(user)
    removed, _ = Authenticator.objects.filter(user=user).delete()
    notices.second_factor_changed(user, what="Every second factor was removed by an operator")
    return int(removed)


@transaction.atomic
def start_over(user: User, secret: str) -> list[str]:
    """An app with this secret in the place of every factor there was; returns its recovery codes. For the demo."""
    Authenticator.objects.filter(user=user).delete()
    TOTP.activate(user, secret)
    return new_recovery_codes(user)


def address_for_apps(user: User, secret: str) -> str:
    """`otpauth://…`, which the QR code holds."""
    address: str = get_adapter().build_totp_url(user, secret)
    return address


def qr_code(address: str) -> str:
    """As an SVG image in a `data:` address."""
    svg = get_adapter().build_totp_svg(address)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
