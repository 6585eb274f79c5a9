"""Vaults and banks that answer oddly, late or never: no money is forgotten, and nothing of theirs is shown unseen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bookings.booking import sweeping
from bookings.booking.amendment.models import Amendment
from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.payment_method.models import PaymentMethod
from bookings.payment_method.services import CardGone, CardInUse, CardNotCaptured
from bookings.payment_method.vaults import registry
from bookings.payment_method.vaults.port import Delivered, FormAccess, Vault, VaultCard, VaultUnavailable
from movmo.kit import clock as the_clock
from movmo.kit.errors import DomainError, NotFound
from movmo.operations.dispatch import Answer, Contended
from movmo.operations.idempotency import IdempotencyInProgress
from movmo.sandbox_vault.app import SandboxVault
from tests.conftest import StoppedClock
from tests.contract.world import World, confirmation_of, new_key, view_of
from tests.operations.together import together

pytestmark = pytest.mark.django_db


@dataclass
class OddVault:
    """The working vault, with something in between: `on_delivery` sees the answer, `after_retain` comes after it."""

    working: Vault
    on_delivery: Callable[[str, Delivered], Delivered] = lambda url, answer: answer
    after_retain: Callable[[], object] = lambda: None
    name: str = "sandbox"
    delivered: list[str] = field(default_factory=list)

    def form_access(self) -> FormAccess:
        return self.working.form_access()

    def retain(self, token: str) -> VaultCard:
        card = self.working.retain(token)
        self.after_retain()
        return card

    def describe(self, token: str) -> VaultCard:
        return self.working.describe(token)

    def deliver(self, token: str, *, url: str, template: dict[str, Any], idempotency_key: str) -> Delivered:
        self.delivered.append(url)
        answer = self.working.deliver(token, url=url, template=template, idempotency_key=idempotency_key)
        return self.on_delivery(url, answer)

    def redact(self, token: str) -> None:
        self.working.redact(token)


@pytest.fixture
def odd(the_vault: SandboxVault) -> Iterator[OddVault]:
    working = registry.vault("sandbox")
    vault = OddVault(working)
    registry.install(vault)
    yield vault
    registry.install(working)


def refuse_voids(status: int, body: Any) -> Callable[[str, Delivered], Delivered]:
    return lambda url, answer: Delivered(status, body) if url.endswith("/void") else answer


def failed_booking(world: World) -> Booking:
    """The card was approved, and then the flight was sold out."""
    offer, card = world.mapped_offer(family_name="SOLDOUT"), str(world.card().payment_method_id)
    with pytest.raises(DomainError):
        world.book(offer, payment_method_id=card)
    return Booking.objects.get()


def delete_card(world: World, booking: Booking) -> Answer:
    return world.call("delete_payment_method", payment_method_id=str(booking.payment_method_id))


class TestAVoidThatDidNotHappen:
    @pytest.mark.parametrize(
        ("status", "body"),
        [(500, {"error": "later"}), (404, {}), (200, None), (200, {"id": "x", "status": "approved"})],
    )
    def test_is_not_taken_for_one(self, world: World, odd: OddVault, status: int, body: Any) -> None:
        odd.on_delivery = refuse_voids(status, body)
        booking = failed_booking(world)
        assert (booking.state, booking.payment_status) == (State.FAILED, "approved")
        odd.on_delivery = lambda url, answer: answer
        call_command("resolve_bookings")
        booking.refresh_from_db()
        assert booking.payment_status == "voided"

    def test_keeps_the_card_that_it_takes(self, world: World, odd: OddVault) -> None:
        odd.on_delivery = refuse_voids(500, {})
        booking = failed_booking(world)
        with pytest.raises(CardInUse):
            delete_card(world, booking)
        with pytest.raises(CommandError, match="given back"):
            call_command("delete_account", "ana@example.com", "--yes")
        odd.on_delivery = lambda url, answer: answer
        call_command("resolve_bookings")
        delete_card(world, booking)
        assert PaymentMethod.objects.get().token is None

    def test_is_not_asked_for_after_the_bank_has_let_go(self, world: World, odd: OddVault, clock: StoppedClock) -> None:
        odd.on_delivery = refuse_voids(404, {})
        booking = failed_booking(world)
        clock.set(clock.now + timedelta(days=32))
        before = len(odd.delivered)
        call_command("resolve_bookings")
        assert len(odd.delivered) == before
        delete_card(world, booking)


@pytest.mark.parametrize(
    "told",
    [
        {"id": "", "status": "approved"},
        {"id": "x" * 101, "status": "approved"},
        {"id": "x", "status": "requires_action"},
        {"id": "x", "status": "requires_action", "challenge_url": "javascript:alert(1)"},
        {"id": "x", "status": "requires_action", "challenge_url": "https://bank.example/" + "x" * 500},
        {"id": "x", "status": "requires_action", "challenge_url": "https://[bank"},
        ["approved"],
    ],
)
def test_an_answer_that_cannot_be_kept_leaves_the_booking_open(world: World, odd: OddVault, told: Any) -> None:
    odd.on_delivery = lambda url, answer: Delivered(200, told)
    card = str(world.card().payment_method_id)
    answer = world.book(world.mapped_offer(), payment_method_id=card)
    booking = view_of(BookingView, answer)
    assert (answer.status, booking.status) == (202, State.RESERVED)
    assert booking.payment is not None
    assert (booking.payment.status, booking.payment.challenge_url) == ("unanswered", None)


def test_a_card_that_was_deleted_meanwhile_stays_deleted(world: World, odd: OddVault) -> None:
    """Two calls with one key: the second hears the vault when the first has answered, and the card is gone again."""
    captured, key = world.captured(), new_key()

    def be_overtaken() -> None:
        odd.after_retain = lambda: None
        world.call("create_payment_method", key=key, **captured)
        card = PaymentMethod.objects.get()
        assert card.described_at is not None
        world.call("delete_payment_method", payment_method_id=str(card.id))

    odd.after_retain = be_overtaken
    with pytest.raises(CardNotCaptured):
        world.call("create_payment_method", key=key, **captured)
    card = PaymentMethod.objects.get()
    assert (card.token, card.is_default) == (None, False)
    assert card.deleted_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_card_is_booked_with_or_deleted(world: World, the_vault: SandboxVault) -> None:
    for _ in range(4):
        offer, card = world.mapped_offer(), str(world.card().payment_method_id)
        booked, deleted = together(
            lambda offer=offer, card=card: world.book(offer, payment_method_id=card),  # type: ignore[misc]
            lambda card=card: world.call("delete_payment_method", payment_method_id=card),  # type: ignore[misc]
        )
        # A booking that was made was paid: nobody took its card from under it.
        assert isinstance(booked, Answer | NotFound | Contended | IdempotencyInProgress)
        assert isinstance(deleted, Answer | CardInUse | Contended)
        assert isinstance(booked, Answer) or isinstance(deleted, Answer | Contended)


class TestALostAnswer:
    """The bank has said yes, nobody has heard it, and then the vault loses the card."""

    @staticmethod
    def lose_the_answer(odd: OddVault) -> None:
        def lose(url: str, answer: Delivered) -> Delivered:
            raise VaultUnavailable("the answer is lost")

        odd.on_delivery = lose

    @staticmethod
    def lose_the_card() -> None:
        kept = PaymentMethod.objects.get()
        kept.token = new_key()
        kept.save()

    def test_of_a_booking_is_not_told_as_no_charge(self, world: World, odd: OddVault, clock: StoppedClock) -> None:
        self.lose_the_answer(odd)
        offer = world.mapped_offer()
        booking = view_of(BookingView, world.book(offer, payment_method_id=str(world.card().payment_method_id)))
        self.lose_the_card()
        clock.forward(minutes=1)
        sweeping.drive(booking.booking_id, clock=the_clock.now)
        after = view_of(BookingView, world.call("get_booking", booking_id=str(booking.booking_id)))
        assert after.failure is not None
        assert (after.status, after.failure.code) == (State.FAILED, "payment_unanswered")
        assert Booking.objects.get().payment_status == "unanswered"
        with pytest.raises(DomainError):  # the offer is not sold again for a second charge
            world.book(offer)

    def test_of_a_hold_is_not_told_as_no_charge(self, world: World, odd: OddVault, clock: StoppedClock) -> None:
        hold, card = world.hold(), str(world.card().payment_method_id)
        self.lose_the_answer(odd)
        world.call("confirm_hold", **confirmation_of(hold, payment_method_id=card))
        self.lose_the_card()
        clock.forward(minutes=1)
        sweeping.drive(hold.booking_id, clock=the_clock.now)
        paid = Amendment.objects.get()
        assert (paid.state, paid.failure_code) == (Amendment.State.REFUSED, "payment_unanswered")

    def test_a_card_that_was_lost_before_was_not_charged(self, world: World, odd: OddVault) -> None:
        offer, card = world.mapped_offer(), str(world.card().payment_method_id)
        self.lose_the_card()
        with pytest.raises(CardGone):
            world.book(offer, payment_method_id=card)
        assert Booking.objects.get().payment_status == ""
        assert view_of(BookingView, world.book(offer)).status == State.TICKETED
