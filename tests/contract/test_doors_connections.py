"""An application that is put out, or narrowed, is so on both doors from the next call on."""

import pytest

from movmo.operations.scopes import SCOPES
from partners.oauth import connections
from partners.oauth.models import Application
from tests import factories
from tests.contract.doors import EVERY, DoorName, Hand, Stage, committed_rows, the_stage  # noqa: F401  (fixtures)
from tests.contract.world import the

LIST = the("search_bookings")


def hand_of(stage: Stage, client: Application) -> Hand:
    return Hand(factories.token(stage.ana, sorted(SCOPES), client), stage.key(stage.aviare))


@pytest.fixture
def app(stage: Stage, request: pytest.FixtureRequest) -> Application:
    return factories.application(f"app-{request.node.name}"[:100])


@pytest.mark.parametrize("door", EVERY)
def test_a_disconnected_application_is_out(stage: Stage, app: Application, door: DoorName) -> None:
    hand = hand_of(stage, app)
    assert stage.call(door, LIST, {}, hand=hand).status == 200
    connections.disconnect(user=stage.ana, application=app)
    assert stage.refused(door, LIST, {}, hand=hand).verdict == (401, "token_invalid")


@pytest.mark.parametrize("door", EVERY)
def test_a_scope_that_staff_took_away_is_named(stage: Stage, app: Application, door: DoorName) -> None:
    hand = hand_of(stage, app)
    app.allowed_scopes = "flights:read"
    app.save()
    told = stage.refused(door, LIST, {}, hand=hand)
    assert told.verdict == (403, "insufficient_scope")
    assert told.body["details"]["required"] == ["bookings:read"]


@pytest.mark.parametrize("door", EVERY)
def test_a_scope_that_the_traveler_took_back_is_named(stage: Stage, app: Application, door: DoorName) -> None:
    hand = hand_of(stage, app)
    connections.withdraw(user=stage.ana, application=app, scopes=["bookings:read"])
    assert stage.refused(door, LIST, {}, hand=hand).verdict == (403, "insufficient_scope")
