"""What agents asked a person, and what they were allowed, is told to that person and forgotten with them."""

import json
from typing import Any

import pytest
from django.core.management import call_command

from movmo.accounts.models import User
from movmo.operations.approval.models import Approval, Mandate
from movmo.sandbox_vault.app import SandboxVault
from partners.oauth.models import Application
from tests import factories
from tests.contract.world import World
from tests.partners.asking import Asking

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(world: World, ana: User, scout: Application, the_vault: SandboxVault) -> Approval:
    """A question of scout's, which has a mandate, and a booking that it made with that."""
    asking, passenger = Asking(world, ana, scout), str(world.passenger().passenger_id)
    factories.mandate(ana, scout, passenger_ids=[passenger])
    assert asking.books([passenger]).status == 201
    return asking.asks()


def test_it_is_told(asked: Approval, capsys: Any) -> None:
    call_command("export_account", "ana@example.com")
    told = json.loads(capsys.readouterr().out)["approvals"]
    assert [one["state"] for one in told["asked"]] == ["used", "pending"]
    assert told["asked"][1]["shown"]["people"][0]["name"].startswith("ANDERSSON")
    assert told["allowed_in_advance"][0]["per_month"] == "4000.00 EUR"


def test_another_persons_is_not(asked: Approval, bo: User, capsys: Any) -> None:
    call_command("export_account", bo.email)
    assert json.loads(capsys.readouterr().out)["approvals"] == {"asked": [], "allowed_in_advance": []}


def test_it_is_forgotten_with_the_person_and_nobody_elses_is(asked: Approval, bo: User, scout: Application) -> None:
    of_bo = factories.mandate(bo, scout)
    call_command("delete_account", "ana@example.com", "--yes")
    assert not Approval.objects.exists()
    assert [one.pk for one in Mandate.objects.all()] == [of_bo.pk]
