"""Each task does what its command does; two at once do no more."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from oauth2_provider.models import Grant

from bookings.payment_method import tasks as cards
from bookings.payment_method.models import CardCapture, PaymentMethod, Redaction
from movmo.accounts import tasks as accounts
from movmo.accounts.letter import notices
from movmo.accounts.models import User
from movmo.kit import clock as process_clock
from movmo.operations import outbox
from movmo.operations import tasks as operations
from movmo.operations.models import Outbox
from movmo.sandbox_vault.app import SandboxVault
from partners.oauth import tasks as oauth
from partners.oauth.models import Application
from tests.conftest import StoppedClock
from tests.contract.world import World
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def parcels() -> Iterator[list[str]]:
    kept = dict(outbox._handlers)
    done: list[str] = []
    outbox.register("parcel", lambda rows: done.extend(row.dedup for row in rows))
    yield done
    outbox._handlers = kept


def test_the_outbox_is_drained_and_later_tidied(parcels: list[str], clock: StoppedClock) -> None:
    outbox.put("parcel", "a", at=clock.now, parcel_id="a")
    operations.drain_outbox()
    assert parcels == ["a"]
    clock.forward(days=8)
    assert together(operations.clean_up, operations.clean_up) == [None, None]
    assert Outbox.objects.count() == 0


def test_vaults_are_told_to_forget_and_old_captures_go(the_vault: SandboxVault, ana: User) -> None:
    old = process_clock.now() - timedelta(days=1)
    CardCapture.objects.create(user=ana, vault="sandbox", created_at=old, expires_at=old)
    Redaction(vault="sandbox", token=b"nobody-knows-it", created_at=old).save(force_insert=True)
    assert together(cards.redact_cards, cards.redact_cards) == [None, None]
    assert CardCapture.objects.count() == Redaction.objects.count() == 0


def test_a_card_that_ends_is_told_of_once(
    world: World, the_vault: SandboxVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Any] = []
    monkeypatch.setattr(notices, "card_expiring", lambda user, **facts: written.append(facts))
    world.card()
    today = process_clock.now().date()
    PaymentMethod.objects.update(exp_month=today.month, exp_year=today.year)
    assert together(*[cards.card_notices] * 3) == [None] * 3
    call_command("card_notices", verbosity=0)
    assert len(written) == 1


def test_what_people_leave_behind_is_purged() -> None:
    Session.objects.create(session_key="k" * 32, expire_date=process_clock.now() - timedelta(days=1))
    assert together(*[accounts.purge_accounts] * 2) == [None, None]
    assert not Session.objects.exists()


def test_tokens_that_ended_are_purged(ana: User, scout: Application) -> None:
    ended = process_clock.now() - timedelta(days=1)
    Grant.objects.create(user=ana, application=scout, code=str(uuid4()), expires=ended, redirect_uri="https://x")
    assert together(*[oauth.purge_oauth] * 2) == [None, None]
    assert not Grant.objects.exists()
