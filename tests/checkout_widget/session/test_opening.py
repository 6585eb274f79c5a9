"""A partner's server opens a checkout, reads it and takes it back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from checkout_widget.session import services
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.refusals import CheckoutNotOpen, OfferNotActive, OriginNotRegistered
from checkout_widget.session.schemas import CheckoutView
from movmo.accounts.models import User
from movmo.kit import clock as the_clock
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.operations.context import Caller
from movmo.operations.models import AuditEvent, IdempotencyRecord
from partners.partner.models import Partner
from tests import factories
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.conftest import StoppedClock
from tests.contract.world import World, by_key, by_key_and_token, new_key, raw_offer, view_of
from tests.factories import SHOP

pytestmark = pytest.mark.django_db


def read(checkout: Checkout, caller: Caller) -> CheckoutView:
    return view_of(CheckoutView, World(caller).call("get_checkout_session", session_id=str(checkout.id)))


def cancel(checkout: Checkout, caller: Caller, **key: Any) -> CheckoutView:
    return view_of(CheckoutView, World(caller).call("cancel_checkout_session", session_id=str(checkout.id), **key))


class TestOpening:
    def test_by_a_raw_offer(self, opened: Checkout, aviare_alone: Caller) -> None:
        told = read(opened, aviare_alone)
        offer = opened.given["offer"]
        assert (told.status, told.origin, told.locale) == ("open", SHOP, "en")
        assert told.total.model_dump() == {"amount": offer["total_amount"], "currency": offer["total_currency"]}
        assert told.url.endswith(f"/c/{opened.id}")
        assert opened.told() == ["open"]

    def test_by_an_offer_that_is_known(self, checkouts: Checkouts, aviare_alone: Caller) -> None:
        offer = World(aviare_alone).offer()
        checkout = checkouts.open(offer_id=str(offer.offer_id))
        assert checkout.session.offer_id == offer.offer_id
        assert read(checkout, aviare_alone).total.amount == offer.total.amount

    def test_over_rest_with_the_key_alone(self, shop: Partner) -> None:
        headers = {"x-api-key": factories.api_key(shop), "idempotency-key": new_key()}
        body = {"provider": "sandbox", "offer": raw_offer(), "origin": SHOP, "return_url": f"{SHOP}/thanks"}
        told = Client().post("/v1/checkout-sessions", body, content_type="application/json", headers=headers)
        assert told.status_code == 201
        assert told.json()["client_secret"].startswith("mvm_cs_")
        one = Client().get(f"/v1/checkout-sessions/{told.json()['session_id']}", headers=headers)
        assert one.json()["status"] == "open"
        assert "client_secret" not in one.json()

    def test_it_lives_for_half_an_hour_and_no_longer_than_its_offer(
        self, checkouts: Checkouts, clock: StoppedClock
    ) -> None:
        checkout = checkouts.open()
        offer = checkout.offer()
        assert checkout.session.expires_at == min(offer.expires_at, clock.now + timedelta(minutes=30))
        clock.set(offer.expires_at - timedelta(minutes=3))
        late = checkouts.open(offer_id=str(offer.offer_id))
        assert late.session.expires_at == offer.expires_at

    def test_exactly_one_offer_is_named(self, checkouts: Checkouts) -> None:
        for neither_or_both in ({"offer": None}, {"offer": raw_offer(), "offer_id": new_key()[4:]}):
            with pytest.raises(InvalidArguments):
                checkouts.open(**neither_or_both)

    def test_an_offer_that_is_over_is_not_sold(self, checkouts: Checkouts, aviare_alone: Caller) -> None:
        world = World(aviare_alone)
        offer = world.offer()
        with pytest.raises(NotFound):
            checkouts.open(offer_id=new_key()[4:])
        with the_clock.stopped_at(offer.expires_at), pytest.raises(OfferNotActive) as refusal:
            checkouts.open(offer_id=str(offer.offer_id))
        assert refusal.value.facts == {"status": "expired"}

    def test_an_offer_that_was_booked_is_not_sold(self, checkouts: Checkouts, world: World) -> None:
        offer = world.mapped_offer()
        world.book(offer)
        with pytest.raises(OfferNotActive):
            checkouts.open(offer_id=str(offer.offer_id))

    def test_another_partner_s_offer_is_not_found(self, checkouts: Checkouts, kestrel_alone: Caller) -> None:
        offer = World(kestrel_alone).offer()
        with pytest.raises(NotFound):
            checkouts.open(offer_id=str(offer.offer_id))

    def test_the_offer_is_nobody_s_even_where_a_token_came_with_the_key(
        self, checkouts: Checkouts, bo: User, ana: User, aviare: Partner
    ) -> None:
        """Whoever signs in in the frame may take it."""
        checkout = checkouts.open(by=by_key_and_token(bo, aviare))
        checkout.claim()
        checkout.arrive(ana)
        checkout.fill()
        assert checkout.say_yes() == "completed"


class TestTheSecret:
    def test_a_repetition_tells_the_same_one(self, checkouts: Checkouts) -> None:
        key = new_key()
        offer = raw_offer()
        first, again = (checkouts.open(offer=offer, key=key) for _ in range(2))
        assert (first.id, first.client_secret) == (again.id, again.client_secret)
        assert CheckoutSession.objects.count() == 1

    def test_it_is_kept_as_a_digest_and_written_nowhere(self, opened: Checkout) -> None:
        row = CheckoutSession.objects.values().get()
        assert opened.client_secret not in str(row)
        for written in (*AuditEvent.objects.values(), *IdempotencyRecord.objects.values()):
            assert opened.client_secret not in str(written)

    def test_each_session_has_its_own(self, checkouts: Checkouts) -> None:
        one, other = checkouts.open(), checkouts.open()
        assert one.client_secret != other.client_secret


class TestOrigins:
    @pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example:8443", "https://a.shop.example"])
    def test_one_that_is_not_registered_is_refused(self, checkouts: Checkouts, origin: str) -> None:
        with pytest.raises(OriginNotRegistered) as refusal:
            checkouts.open(origin=origin)
        assert set(refusal.value.fields) == {"/origin"}

    def test_another_partner_s_is_refused(self, checkouts: Checkouts, kestrel: Partner, kestrel_alone: Caller) -> None:
        with pytest.raises(OriginNotRegistered):
            checkouts.open(by=kestrel_alone)

    @pytest.mark.parametrize(
        "origin",
        [
            "https://SHOP.example",
            "https://shop.example:443",
            "shop.example",
            "http://shop.example",
            "https://*.example",
        ],
    )
    def test_one_that_browsers_write_otherwise_is_refused(self, checkouts: Checkouts, origin: str) -> None:
        with pytest.raises(InvalidArguments) as refusal:
            checkouts.open(origin=origin)
        assert set(refusal.value.fields) == {"/origin"}

    @pytest.mark.parametrize(
        "target",
        [
            "//evil.example/x",
            "/thanks",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://evil.example/",
            "https://shop.example@evil.example/",
            "https://ana@shop.example/",
            "https://shop.example:pw@evil.example/",
            "https:\\\\evil.example",
            "https://shop.example\\@evil.example/",
            "https://shop.example\\.evil.example/",
            "https://shop.example.evil.example/",
            "https://shop.example:8443/",
            "https://shop.example:99999/",
            "https://shop\t.example/",
            "java\tscript:alert(1)",
            "https://shop.example/\nx",
            "https://shop.example/\x00x",
            "https://shop.example/\x0bx",
            "https://shop.example/\u2028x",
            "https:///evil.example",
            "https:evil.example",
            "https://shop%2eexample/",
            "https://shop.example%00.evil.example/",
            "https://ſhop.example/",
            "https://[::1]/",
            "http://shop.example/thanks",
        ],
    )
    def test_no_trick_leads_elsewhere_afterwards(self, checkouts: Checkouts, target: str) -> None:
        with pytest.raises(InvalidArguments) as refusal:
            checkouts.open(return_url=target)
        assert set(refusal.value.fields) == {"/return_url"}
        assert not CheckoutSession.objects.exists()

    @pytest.mark.parametrize(
        "target", ["https://shop.example", "https://shop.example/a?b=c#d", "http://partner.localhost:8000/thanks"]
    )
    def test_any_registered_page_may_be_returned_to(self, checkouts: Checkouts, target: str) -> None:
        assert checkouts.open(return_url=target).session.return_url == target


CARD_IN_ADDRESS = [
    "?n=4242424242424242",
    "?n=4242%34242%342424242",
    "?n=" + "%34%32" * 8,
    "?n=4242%204242%204242%204242",
    "?n=4242+4242+4242+4242",
    "?n=4242%0A4242%0A4242%0A4242",
    "?n%3D4242424242424242",
    "?next=https%3A%2F%2Fshop.example%2F%3Fn%3D4242%2B4242%2B4242%2B4242",
    "?n=" + "%2534%2532" * 8,
    "?n=" + "%EF%BC%94%EF%BC%92" * 8,
    "#%34242424242424242",
    "/%34242424242424242",
]


class TestCardNumbers:
    @pytest.mark.parametrize("rest", CARD_IN_ADDRESS)
    def test_one_in_an_address_is_kept_nowhere_however_it_is_written(self, shop: Partner, rest: str) -> None:
        headers = {"x-api-key": factories.api_key(shop), "idempotency-key": new_key()}
        body = {"provider": "sandbox", "offer": raw_offer(), "origin": SHOP, "return_url": f"{SHOP}/thanks{rest}"}
        told = Client().post("/v1/checkout-sessions", body, content_type="application/json", headers=headers)
        assert (told.status_code, told.json()["code"]) == (400, "card_number_refused")
        assert set(told.json()["fields"]) == {"/return_url"}
        assert not CheckoutSession.objects.exists()
        for written in (*AuditEvent.objects.values(), *IdempotencyRecord.objects.values()):
            # Shorter pieces of it stand in random ids now and then.
            assert not any(piece in str(written) for piece in (rest, "42424242", "%34", "%2534"))

    @pytest.mark.parametrize(
        "rest",
        ["?tel=%2B4915112345678", "?tel=+4915112345678", "?at=2027-03-01T07%3A25%3A00%2B0100", "?q=100%25", "?q=%"],
    )
    def test_other_digits_in_an_address_are_none(self, checkouts: Checkouts, rest: str) -> None:
        assert checkouts.open(return_url=f"{SHOP}/thanks{rest}").session.return_url == f"{SHOP}/thanks{rest}"


class TestReading:
    def test_another_partner_s_is_not_found(self, opened: Checkout, kestrel_alone: Caller) -> None:
        for call in (read, cancel):
            with pytest.raises(NotFound):
                call(opened, kestrel_alone)
        assert opened.state == "open"

    def test_test_keys_and_live_keys_see_their_own(self, opened: Checkout, aviare: Partner) -> None:
        live = replace(by_key(aviare), is_live_key=True)
        for call in (read, cancel):
            with pytest.raises(NotFound):
                call(opened, live)

    def test_one_whose_time_is_over_is_told_as_expired_at_once(
        self, opened: Checkout, aviare_alone: Caller, clock: StoppedClock
    ) -> None:
        clock.forward(minutes=31)
        assert read(opened, aviare_alone).status == "expired"
        assert opened.state == "open"
        assert services.expire(now=clock.now) == 1
        assert services.expire(now=clock.now) == 0
        assert (opened.state, opened.told()) == ("expired", ["open", "expired"])

    def test_a_completed_one_names_its_booking(self, ready: Checkout, aviare_alone: Caller) -> None:
        ready.say_yes()
        told = read(ready, aviare_alone)
        assert told.status == "completed"
        assert told.booking_id == ready.attempts[0].booking_id
        assert len(told.record_locator or "") == 6


class TestTakingBack:
    def test_nobody_books_with_it_any_more(self, ready: Checkout, aviare_alone: Caller) -> None:
        assert cancel(ready, aviare_alone).status == "canceled"
        with pytest.raises(CheckoutNotOpen):
            ready.say_yes()
        assert ready.session.user_id is None

    def test_twice_is_once(self, opened: Checkout, aviare_alone: Caller) -> None:
        assert [cancel(opened, aviare_alone).status for _ in range(2)] == ["canceled", "canceled"]
        assert opened.told() == ["open", "canceled"]

    def test_not_once_it_is_completed_or_expired(
        self, ready: Checkout, checkouts: Checkouts, aviare_alone: Caller, clock: StoppedClock
    ) -> None:
        other = checkouts.open()
        ready.say_yes()
        clock.forward(minutes=31)
        for checkout, status in ((ready, "completed"), (other, "expired")):
            with pytest.raises(CheckoutNotOpen) as refusal:
                cancel(checkout, aviare_alone)
            assert refusal.value.facts == {"status": status}
