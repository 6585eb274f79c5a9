"""The letter that a person gets when an agent asks them: what it says, and when it does not leave any more."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from movmo.accounts.models import User
from movmo.kit import clock as real_clock
from movmo.operations import outbox
from movmo.operations.approval import deciding
from movmo.operations.approval.models import Approval
from movmo.operations.approval.proposal import Proposal
from movmo.sandbox_vault.app import SandboxVault
from partners.oauth import connections
from partners.oauth.models import Application
from tests import factories
from tests.conftest import StoppedClock
from tests.contract.world import World
from tests.letters import post
from tests.partners.asking import Asking

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asking(world: World, ana: User, scout: Application, clock: StoppedClock, the_vault: SandboxVault) -> Asking:
    return Asking(world, ana, scout)


def asked() -> list[EmailMessage]:
    post()
    return [letter for letter in mail.outbox if letter.subject.startswith("Asked by")]


def test_says_who_asks_for_what_for_whom_until_when_and_where(asking: Asking) -> None:
    approval = asking.asks("ADT", "CHD")
    (letter,) = asked()
    told = Proposal.model_validate_json(approval.proposal)
    body = str(letter.body)
    assert letter.to == ["ana@example.com"]
    assert letter.subject == f"Asked by “Scout”: {told.text}"
    assert str(told.price and told.price.money) in letter.subject
    assert all(f"\n  - {one.name}\n" in body for one in told.people)
    assert "until 12:10 UTC" in body
    assert f"\n  http://127.0.0.1:8000/approvals/{approval.pk}\n" in body
    assert "\n  http://127.0.0.1:8000/accounts/apps/\n" in body
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated"


def test_leaves_once_however_often_the_call_comes_again(asking: Asking) -> None:
    asking.asks()
    for _ in range(2):
        with pytest.raises(Exception, match="approve"):
            asking.again()
    assert len(asked()) == 1
    assert len(asked()) == 1


def test_a_name_is_one_line_in_quotes_and_cannot_speak_for_us(asking: Asking) -> None:
    asking.scout.name = "Movmo\r\nBcc: everybody@example.com\n\nYour account is <b>locked</b> & " + "x" * 120
    asking.scout.registration_source = "dcr"
    asking.scout.save()
    asking.asks()
    (letter,) = asked()
    assert "\n" not in letter.subject
    assert letter.subject.startswith("Asked by “Movmo Bcc: everybody@example.com Your account is <b>")
    assert len(letter.subject) <= 200
    assert letter.recipients() == ["ana@example.com"]
    assert "\n  not verified by Movmo" in str(letter.body)
    assert all(not line.startswith(("Bcc", "Your account")) for line in str(letter.body).splitlines())


def _declined(asking: Asking, approval: Approval, clock: StoppedClock) -> None:
    deciding.decline(approval.pk, user_id=approval.user_id, proof=None, now=clock.now)


def _over(asking: Asking, approval: Approval, clock: StoppedClock) -> None:
    clock.forward(minutes=10)


def _disconnected(asking: Asking, approval: Approval, clock: StoppedClock) -> None:
    connections.disconnect(user=asking.ana, application=asking.scout)


def _deactivated(asking: Asking, approval: Approval, clock: StoppedClock) -> None:
    User.objects.update(is_active=False)


def _forgotten(asking: Asking, approval: Approval, clock: StoppedClock) -> None:
    Approval.objects.all().delete()


@pytest.mark.parametrize("became", [_declined, _over, _disconnected, _deactivated, _forgotten])
def test_what_is_settled_before_it_leaves_is_not_told(
    asking: Asking, clock: StoppedClock, became: Callable[[Asking, Approval, StoppedClock], None]
) -> None:
    became(asking, asking.asks(), clock)
    assert asked() == []
    assert outbox.drain() == 0


def test_what_a_mandate_covers_asks_nobody(asking: Asking) -> None:
    passenger = str(asking.world.passenger().passenger_id)
    factories.mandate(asking.ana, asking.scout, passenger_ids=[passenger], granted_at=real_clock.now())
    assert asking.books([passenger]).status == 201
    assert asked() == []
