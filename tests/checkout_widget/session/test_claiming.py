"""A frame that has the client secret takes the checkout over; whoever holds the secret is not thereby the traveler."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bookings.providers.errors import Refusal
from bookings.providers.types import OrderStatus
from checkout_widget.session import callers, services, steps
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.refusals import CheckoutNotOpen, ClientSecretInvalid, FrameReplaced
from checkout_widget.session.states import CheckoutState as State
from movmo.accounts.models import User
from movmo.kit import clock as the_clock
from movmo.kit.errors import DomainError, NotFound
from movmo.kit.ids import new_id
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.session.conftest import ObedientAirline
from tests.conftest import StoppedClock
from tests.saga import airline as moods

pytestmark = pytest.mark.django_db


def test_the_frame_works_with_a_token_of_its_own(claimed: Checkout) -> None:
    assert services.held(claimed.id, claimed.bearer).pk == claimed.id
    row = str(CheckoutSession.objects.values().get())
    assert claimed.bearer not in row


@pytest.mark.parametrize("secret", ["", "mvm_cs_", "mvm_cs_guessed", "\ud800"])
def test_a_wrong_secret_claims_nothing(opened: Checkout, secret: str) -> None:
    with pytest.raises(ClientSecretInvalid):
        services.claim(opened.id, secret, now=the_clock.now())
    assert opened.again().claims == 0


def test_the_secret_of_another_checkout_claims_nothing(checkouts: Checkouts) -> None:
    one, other = checkouts.open(), checkouts.open()
    with pytest.raises(ClientSecretInvalid):
        services.claim(one.id, other.client_secret, now=the_clock.now())


def test_what_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound):
        services.claim(new_id(), "mvm_cs_x", now=the_clock.now())
    with pytest.raises(NotFound):
        services.held(new_id(), "x")


@pytest.mark.parametrize("bearer", ["", "guessed"])
def test_without_the_token_there_is_no_frame(opened: Checkout, bearer: str) -> None:
    """Not even before anybody has claimed it."""
    with pytest.raises(FrameReplaced):
        services.held(opened.id, bearer)


def test_a_new_claim_ends_the_frame_before_and_signs_nobody_in(ready: Checkout) -> None:
    before = ready.bearer
    ready.claim()
    assert (ready.state, ready.session.user_id, ready.session.claims) == ("open", None, 2)
    assert ready.told() == ["open", "authenticated", "ready", "open"]
    with pytest.raises(FrameReplaced):
        services.held(ready.id, before)
    assert services.held(ready.id, ready.bearer).pk == ready.id


def test_whoever_signs_in_in_the_frame_before_does_not_sign_in_the_new_one(claimed: Checkout, ana: User) -> None:
    """They had typed their code when the new frame came: session fixation ends here."""
    old = claimed.again()
    claimed.claim()
    with pytest.raises(FrameReplaced):
        services.arrive(old, ana.pk, now=the_clock.now())
    assert (claimed.state, claimed.again().user_id) == ("open", None)


def test_a_code_that_waits_in_the_frame_before_is_nothing_to_the_new_one(claimed: Checkout) -> None:
    row = claimed.again()
    row.signing_in = b"a code"
    row.save(update_fields=["signing_in"])
    claimed.claim()
    assert claimed.again().signing_in is None


def test_the_traveler_goes_on_where_they_were_once_they_have_signed_in_again(ready: Checkout, ana: User) -> None:
    ready.claim()
    ready.arrive(ana)
    services.settle_party(ready.again(), ready.offer().model_dump(), now=the_clock.now())
    assert ready.say_yes() == "completed"


def test_a_claim_while_a_booking_is_under_way_changes_nothing_of_it(
    ready: Checkout, airline: ObedientAirline, ana: User
) -> None:
    """But the frame that comes is nobody's: it waits for the outcome without seeing whose it is."""
    airline.moods = [moods.ponders]
    assert ready.say_yes() == "confirming"
    ready.claim()
    assert ready.state == "confirming"
    assert callers.of(ready.again()).user_id is None
    airline.decide(OrderStatus.CONFIRMED)
    assert ready.look() == "completed"
    assert ready.session.record_locator
    assert callers.of(ready.session).user_id is None
    assert ready.attempts[0].user_id == ana.pk


def test_a_claim_while_a_card_is_declined_signs_nobody_in(ready: Checkout, airline: ObedientAirline) -> None:
    airline.moods = [moods.ponders]
    ready.say_yes()
    ready.claim()
    airline.decide(OrderStatus.FAILED)
    ready.look()
    assert ready.state == "failed"


def test_a_frame_that_comes_while_the_airline_cannot_be_reached_begins_with_signing_in(
    ready: Checkout, airline: ObedientAirline
) -> None:
    """The one before had said yes; what may be tried again is tried by whoever signs in."""
    airline.before_answering = ready.claim
    airline.moods = [moods.is_unavailable]
    assert ready.say_yes() == "open"
    assert (ready.again().user_id, ready.session.failure_code) == (None, "provider_unavailable")


def test_a_frame_that_was_left_open_forgets_who_sat_before_it(ready: Checkout, clock: StoppedClock) -> None:
    ready.say_yes()
    assert ready.caller.user_id is not None
    clock.set(ready.session.expires_at + timedelta(hours=1))
    assert ready.caller.user_id is None


@pytest.mark.parametrize("end", ["expired", "canceled", "completed", "failed"])
def test_nothing_changes_one_that_is_over(
    ready: Checkout, airline: ObedientAirline, clock: StoppedClock, ana: User, end: str
) -> None:
    if end == "expired":
        clock.forward(minutes=31)
    elif end == "canceled":
        assert steps.move(ready.again(), State.CANCELED, now=clock.now)
    else:
        airline.moods = [moods.rejects(Refusal.SOLD_OUT)] if end == "failed" else []
        ready.say_yes()
    before = CheckoutSession.objects.values().get()
    whole, nobody = {"passengers": [{"passenger_id": ana.pk}]}, {"passengers": [{"passenger_id": None}]}
    attempts: list[Callable[[], None]] = [
        lambda: services.arrive(ready.again(), ana.pk, now=clock.now),
        lambda: services.settle_party(ready.again(), whole, now=clock.now),
        lambda: services.settle_party(ready.again(), nobody, now=clock.now),
    ]
    for attempt in attempts:
        with pytest.raises(CheckoutNotOpen) as refusal:
            attempt()
        assert refusal.value.facts == {"status": end}
    assert CheckoutSession.objects.values().get() == before


def test_nobody_is_put_on_a_slot_while_the_booking_is_made(ready: Checkout, airline: ObedientAirline) -> None:
    airline.moods = [moods.ponders]
    ready.say_yes()
    nobody = {"passengers": [{"passenger_id": None}]}
    with pytest.raises(DomainError):
        services.settle_party(ready.again(), nobody, now=the_clock.now())
    assert ready.state == "confirming"
