"""Issue, rotate, prolong and revoke API keys.

KeyRefused
├── ExpiryInPast    a key that would be dead when it is made
├── LiveNotAllowed  the partner's plan has test keys only
├── TooManyKeys     MOST_KEYS of the mode work
├── TooManyReplaced MOST_KEYS of the mode work beside the ones that replaced them
├── KeyDead         revoked, expired or replaced: no more is to be made of it
└── OverlapInvalid  the time that two keys work side by side is negative

Both counts are taken while the partner is held, so that of two who want the last place one has it.
"""

from datetime import datetime, timedelta
from typing import NoReturn

from django.db import transaction
from django.db.models import Case, F, Q, Value, When

from movmo.operations import history
from partners.api_key import secret
from partners.api_key.models import ApiKey, ApiKeys, KeyState
from partners.partner.holding import hold
from partners.partner.models import Partner

MOST_KEYS = 20
"""Of one partner in one mode, by whomever they were made: that work and were not replaced, and as many that were
replaced and still work. So there is always room to rotate a key at once, and mostly to do it with an overlap."""
OVERLAP = timedelta(days=7)
"""How long the old key works beside the new one: time enough for a release."""


class KeyRefused(Exception):
    """A sentence for staff. Nothing was changed."""


class ExpiryInPast(KeyRefused):
    def __init__(self) -> None:
        super().__init__("The key would have expired already. Give it a date in the future, or none.")


class LiveNotAllowed(KeyRefused):
    def __init__(self) -> None:
        super().__init__("The plan has test keys only. A live key takes a plan that allows it.")


class TooManyKeys(KeyRefused):
    def __init__(self, mode: str) -> None:
        super().__init__(
            f"There are {MOST_KEYS} {mode} keys already, and there may be no more. Revoke one first, or rotate one."
        )


class TooManyReplaced(KeyRefused):
    def __init__(self, mode: str) -> None:
        super().__init__(
            f"{MOST_KEYS} {mode} keys that were replaced still work, and there may be no more. Revoke one of them "
            "first, or rotate without an overlap."
        )


class KeyDead(KeyRefused):
    def __init__(self, key: ApiKey, state: KeyState) -> None:
        became = {KeyState.REVOKED: "been revoked", KeyState.EXPIRED: "expired"}.get(state, "been replaced")
        super().__init__(f"{key} has {became} already. Use the key that replaced it, or issue a new one.")


class OverlapInvalid(KeyRefused):
    def __init__(self) -> None:
        super().__init__("The overlap cannot be negative. Zero ends the old key at once.")


def issue(
    *, partner: Partner, name: str, now: datetime, live: bool = False, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key and its text. The text exists here and nowhere else: show it once. Raises ExpiryInPast,
    LiveNotAllowed or TooManyKeys.

    A test key unless a live one is asked for: with the wrong one of these nothing is bought.
    """
    with transaction.atomic():
        hold(partner.pk)
        refuse_full(partner, live=live, now=now)
        return _make(partner=partner, name=name, now=now, live=live, expires_at=expires_at)


def refuse_full(partner: Partner, *, live: bool, now: datetime) -> None:
    """Raises TooManyKeys. What it found holds while the partner is held."""
    if _that_work(partner, live=live, now=now).filter(replaced_by=None).count() >= MOST_KEYS:
        raise TooManyKeys("live" if live else "test")


def _refuse_beside(partner: Partner, *, live: bool, now: datetime) -> None:
    """Raises TooManyReplaced."""
    if _that_work(partner, live=live, now=now).exclude(replaced_by=None).count() >= MOST_KEYS:
        raise TooManyReplaced("live" if live else "test")


def _that_work(partner: Partner, *, live: bool, now: datetime) -> ApiKeys:
    return ApiKey.objects.filter(_not_ended(now), partner=partner, is_live=live, revoked_at=None)


def _make(*, partner: Partner, name: str, now: datetime, live: bool, expires_at: datetime | None) -> tuple[ApiKey, str]:
    """Raises ExpiryInPast or LiveNotAllowed."""
    if expires_at is not None and expires_at <= now:
        raise ExpiryInPast
    if live and not partner.plan.live_keys:
        raise LiveNotAllowed
    raw = secret.generate(live=live)
    key = ApiKey.objects.create(
        partner=partner,
        name=name,
        digest=secret.digest(raw),
        hint=secret.hint(raw),
        is_live=live,
        expires_at=expires_at,
    )
    return key, raw


def rotate(key: ApiKey, *, now: datetime, overlap: timedelta = OVERLAP) -> tuple[ApiKey, str]:
    """A key in the place of another, and its text. Raises KeyDead, LiveNotAllowed, TooManyReplaced or
    OverlapInvalid.

    Partner, name and mode are the old key's, and it lives as long as the old one was made to live. The old key ends
    after the overlap, or at its own time if that is sooner. Of two rotations at once the second finds the key replaced.
    """
    if overlap < timedelta(0):
        raise OverlapInvalid
    if not _alive(key, now).exists():
        _refuse_dead(key, now)
    lifetime = None if key.expires_at is None else key.expires_at - key.created_at
    with transaction.atomic():
        hold(key.partner_id)
        if overlap:
            _refuse_beside(key.partner, live=key.is_live, now=now)
        expires_at = None if lifetime is None else now + lifetime
        fresh, raw = _make(partner=key.partner, name=key.name, now=now, live=key.is_live, expires_at=expires_at)
        # The key may have changed since it was read. Two who rotate at once meet at this UPDATE, on both databases;
        # the new key of whoever comes second is rolled back.
        ends = Case(When(expires_at__lte=now + overlap, then=F("expires_at")), default=Value(now + overlap))
        if not _alive(key, now).update(replaced_by=fresh, expires_at=ends):
            _refuse_dead(key, now)
        history.changed(key)
    key.refresh_from_db(fields=["replaced_by", "expires_at"])
    return fresh, raw


def prolong(key: ApiKey, *, expires_at: datetime | None, now: datetime) -> None:
    """Give a key that works another end; None is none. Raises ExpiryInPast or KeyDead.

    A dead key stays dead, and a replaced one keeps the end that its rotation gave it.
    """
    if expires_at is not None and expires_at <= now:
        raise ExpiryInPast
    with transaction.atomic():
        if not _alive(key, now).update(expires_at=expires_at):
            _refuse_dead(key, now)
        history.changed(key)
    key.refresh_from_db(fields=["expires_at"])


def revoke(key: ApiKey, *, now: datetime) -> None:
    """Dead from the next call on. The first revocation's time stays."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
            history.changed(key)
    key.refresh_from_db(fields=["revoked_at"])


def _alive(key: ApiKey, now: datetime) -> ApiKeys:
    return ApiKey.objects.filter(_not_ended(now), pk=key.pk, revoked_at=None, replaced_by=None)


def _not_ended(now: datetime) -> Q:
    return Q(expires_at=None) | Q(expires_at__gt=now)


def _refuse_dead(key: ApiKey, now: datetime) -> NoReturn:
    """Raises KeyDead, with what became of the key."""
    key.refresh_from_db()
    raise KeyDead(key, key.state(now))
