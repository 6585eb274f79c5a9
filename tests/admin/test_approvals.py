"""Approvals and mandates as staff see them: live or test in words, and times in UTC."""

from datetime import timedelta

import pytest
from django.test import Client

from movmo.kit import clock
from movmo.operations.models import Approval, Mandate
from tests import factories
from tests.contract.world import World
from tests.office import clerk_with_app, entered


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


@pytest.mark.parametrize(("is_live", "words"), [(True, "live"), (False, "test")])
def test_an_approval_says_live_or_test(office: Client, world: World, is_live: bool, words: str) -> None:
    approval_id = world.approval_id()
    Approval.objects.update(is_live=is_live)
    assert f'data-label="mode">{words}<' in office.get("/admin/operations/approval/").content.decode()
    assert office.get(f"/admin/operations/approval/{approval_id}/change/").status_code == 200


def test_a_mandates_times_are_told_to_the_second(office: Client) -> None:
    at = clock.now().replace(hour=9, minute=8, second=7)
    mandate = factories.mandate(factories.traveler(), factories.application(), granted_at=at)
    Mandate.objects.update(valid_until=at + timedelta(days=1, seconds=1), revoked_at=at + timedelta(seconds=2))
    for page in ("", f"{mandate.pk}/change/"):
        shown = office.get(f"/admin/operations/mandate/{page}").content.decode()
        assert f"{at:%Y-%m-%d} 09:08:07" in shown
        assert f"{at + timedelta(days=1):%Y-%m-%d} 09:08:08" in shown
        assert f"{at:%Y-%m-%d} 09:08:09" in shown
