"""Staff tell that an airline has not done what it was asked for, and it is written down who did."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from bookings.booking import steps
from bookings.booking.amendment.models import Amendment
from bookings.booking.states import State
from movmo.kit import clock
from movmo.kit.ids import new_id
from tests.contract.world import World
from tests.office import clerk_with_app, entered

LIST = "/admin/bookings/amendment/"


@pytest.fixture
def reviewed(world: World) -> Amendment:
    """A cancellation that the sandbox airline knows nothing of."""
    booking = steps.reload(world.booking().booking_id)
    for after in (State.CANCELLING, State.MANUAL_REVIEW):
        booking = steps.settle(booking, after, now=clock.now(), reason="a test", is_amended=True)
    return Amendment.objects.create(
        id=new_id(),
        booking=booking,
        kind=Amendment.Kind.CANCEL,
        state=Amendment.State.REVIEW,
        subject_id=new_id(),
        returns_to=State.TICKETED,
        who="traveler",
        created_at=clock.now(),
    )


def let_go(office: Client, amendment: Amendment) -> None:
    office.post(LIST, {"action": "let_go", "_selected_action": [str(amendment.pk)]})
    amendment.refresh_from_db()
    amendment.booking.refresh_from_db()


@pytest.mark.django_db
def test_the_booking_goes_on_as_the_airline_has_it(client: Client, reviewed: Amendment) -> None:
    chief = clerk_with_app()
    let_go(entered(client, chief), reviewed)
    assert (reviewed.state, reviewed.booking.state) == (Amendment.State.REFUSED, State.TICKETED)
    step = reviewed.booking.transitions.last()
    assert step is not None
    assert (step.who, step.user_id) == ("staff", chief.pk)
    entry = LogEntry.objects.get(object_id=str(reviewed.pk))
    assert (entry.user_id, entry.get_change_message()) == (chief.pk, "Let go; the booking is ticketed")


@pytest.mark.django_db
def test_who_may_only_look_changes_nothing(client: Client, reviewed: Amendment) -> None:
    clerk = clerk_with_app()
    clerk.is_superuser = False
    clerk.save(update_fields=["is_superuser"])
    clerk.user_permissions.add(Permission.objects.get(codename="view_amendment"))
    office = entered(client, clerk)
    assert office.get(LIST).status_code == 200
    let_go(office, reviewed)
    assert (reviewed.state, reviewed.booking.state) == (Amendment.State.REVIEW, State.MANUAL_REVIEW)
