"""Who travels: saved passengers, new ones, and the documents that a trip asks for."""

import re
from datetime import date, timedelta

import pytest
from django.test import Client

from bookings.passenger.ages import age_on
from bookings.passenger.models import Passenger
from bookings.providers.types import type_at_age
from checkout_widget.session.states import CheckoutState as State
from movmo.accounts.models import User
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.person import NEW, Person
from tests.conftest import StoppedClock
from tests.contract.world import PASSPORT, World, born, by_key_and_token, departure_date, raw_offer

pytestmark = pytest.mark.usefixtures("vault_is_up")


class TestPassengers:
    def test_only_those_who_fit_the_slot_are_offered(self, checkouts: Checkouts, client: Client) -> None:
        checkout = checkouts.arrived("ADT", "CHD")
        world = checkout.world
        world.passenger("ADT", given_name="Bea")
        world.passenger("CHD", given_name="Kim")
        adult, child = Person(checkout, client).step().split("<legend>")[1:3]
        assert "Bea" in adult and "Kim" not in adult
        assert "Kim" in child and "Bea" not in child

    def test_whoever_has_a_seat_is_not_offered_another(self, checkouts: Checkouts, client: Client) -> None:
        checkout = checkouts.arrived("ADT", "ADT")
        bea = checkout.world.passenger(given_name="Bea")
        ana = Person(checkout, client)
        ana.step()
        ana.posts("slots", slot_id=ana.value("slot_id"), passenger_id=str(bea.passenger_id))
        assert f'value="{bea.passenger_id}"' not in ana.page
        assert checkout.state == State.AUTHENTICATED

    def test_a_seat_may_be_given_to_somebody_else(self, ready: Checkout, client: Client) -> None:
        bea = ready.world.passenger(given_name="Bea")
        slot_id = str(ready.offer().passengers[0].slot_id)
        ana = Person(ready, client)
        assert f'value="{bea.passenger_id}"' not in ana.step()
        assert f'value="{bea.passenger_id}"' in ana.gets("slots", slot_id=slot_id)
        ana.posts("slots", slot_id=slot_id, passenger_id=str(bea.passenger_id))
        assert ready.offer().passengers[0].passenger_id == bea.passenger_id

    def test_somebody_of_another_age_is_told_beside_their_date_of_birth(
        self, arrived: Checkout, client: Client
    ) -> None:
        ana = Person(arrived, client)
        ana.step()
        ana.adds_a_passenger(birth_date=born("CHD").isoformat())
        assert ana.status == 422
        assert re.search(
            r'id="birth_date-error"[^>]*>On .* this passenger travels as: Child. The seat is for: Adult.', ana.page
        )
        assert arrived.state == State.AUTHENTICATED
        ana.fills_in(**{**NEW, "birth_date": born("ADT").isoformat()})
        assert arrived.state == State.READY
        assert Passenger.objects.count() == 1

    @pytest.mark.parametrize(("birth_date", "type_"), [("2016-02-29", "ADT"), ("2016-03-01", "CHD")])
    def test_ages_are_counted_as_the_house_does_on_a_29_february_too(
        self, checkouts: Checkouts, client: Client, clock: StoppedClock, birth_date: str, type_: str
    ) -> None:
        clock.forward(days=(date(2028, 2, 29) - departure_date()).days)
        checkout = checkouts.arrived()
        assert str(checkout.offer().slices[0].segments[0].departing.local.date()) == "2028-02-29"
        assert type_at_age(age_on(date.fromisoformat(birth_date), date(2028, 2, 29))) == type_
        ana = Person(checkout, client)
        ana.step()
        ana.adds_a_passenger(birth_date=birth_date)
        assert (ana.status, checkout.state) == ((200, State.READY) if type_ == "ADT" else (422, State.AUTHENTICATED))

    def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
        self, arrived: Checkout, client: Client
    ) -> None:
        ana = Person(arrived, client)
        ana.step()
        ana.adds_a_passenger(given_name="R2D2", email="nowhere")
        assert ana.status == 400
        assert 'id="email-error"' in ana.page
        assert 'value="Andersson"' in ana.page
        ana.fills_in(given_name="R2D2", family_name="Andersson", birth_date="1990-01-01", gender="F")
        assert 'id="given_name-error"' in ana.page
        ana.fills_in(given_name="Rita", family_name="Andersson", birth_date="1990-01-01", gender="F")
        assert arrived.state == State.READY
        assert Passenger.objects.count() == 1

    def test_a_form_sent_twice_saves_one_person(self, arrived: Checkout, client: Client) -> None:
        ana = Person(arrived, client)
        ana.step()
        ana.gets("passengers", slot_id=ana.value("slot_id"))
        form = {name: ana.value(name) for name in ("slot_id", "key")}
        typed = {"given_name": "Rita", "family_name": "Andersson", "birth_date": "1990-01-01", "gender": "F"}
        ana.posts("passengers", **form, **typed)
        ana.posts("passengers", **form, **typed)
        assert ana.status == 200
        assert Passenger.objects.count() == 1

    def test_bos_passenger_is_not_there_for_ana(self, arrived: Checkout, client: Client, bo: User) -> None:
        his = World(by_key_and_token(bo, arrived.session.partner)).passenger(given_name="Bo")
        ana = Person(arrived, client)
        assert "Bo " not in ana.step()
        ana.posts("slots", slot_id=ana.value("slot_id"), passenger_id=str(his.passenger_id))
        assert ana.status == 404
        assert "Bo Andersson" not in ana.page
        assert arrived.state == State.AUTHENTICATED

    def test_two_of_the_same_name_are_told_before_anything_is_booked(
        self, checkouts: Checkouts, client: Client
    ) -> None:
        checkout = checkouts.arrived("ADT", "ADT")
        ana = Person(checkout, client)
        ana.step()
        ana.adds_a_passenger()
        ana.adds_a_passenger()
        ana.adds_a_card()
        ana.confirms()
        assert ana.status == 422
        assert "ANDERSSON/ANA MARIA" in ana.says().partition("Your trip")[0]
        assert (checkout.state, checkout.attempts) == (State.READY, [])


class TestDocuments:
    def test_a_new_passenger_shows_a_passport_where_the_trip_needs_one(
        self, checkouts: Checkouts, client: Client
    ) -> None:
        ana = Person(self.to_sydney(checkouts), client)
        ana.step()
        ana.adds_a_passenger(**self.typed(number=""))
        assert ana.status == 400
        assert 'id="document_number-error"' in ana.page
        assert Passenger.objects.count() == 1
        ana.fills_in(
            given_name="Ana María", family_name="Andersson", birth_date=born("ADT").isoformat(), gender="F",
            **self.typed(),
        )  # fmt: skip
        assert ana.checkout.state == State.READY
        assert Passenger.objects.count() == 1
        ana.adds_a_card()
        assert "You are booked" in ana.confirms()

    def test_one_that_ends_soon_after_the_trip_is_told(self, checkouts: Checkouts, client: Client) -> None:
        checkout = self.to_sydney(checkouts)
        ana = Person(checkout, client)
        ana.step()
        ana.adds_a_passenger(**self.typed(expires_on=(departure_date() + timedelta(days=60)).isoformat()))
        assert checkout.state == State.READY
        assert "some countries refuse it" in ana.says()

    def test_one_that_ends_before_the_trip_is_told_beside_its_day(self, checkouts: Checkouts, client: Client) -> None:
        ana = Person(self.to_sydney(checkouts), client)
        ana.step()
        ana.adds_a_passenger(**self.typed(expires_on=(departure_date() - timedelta(days=1)).isoformat()))
        assert ana.status == 422
        assert 'id="document_expires_on-error"' in ana.page

    def test_a_saved_passenger_without_one_is_asked_for_it(self, checkouts: Checkouts, client: Client) -> None:
        checkout = self.to_sydney(checkouts)
        bea = checkout.world.passenger(given_name="Bea")
        ana = Person(checkout, client)
        ana.step()
        ana.posts("slots", slot_id=ana.value("slot_id"), passenger_id=str(bea.passenger_id))
        assert ana.status == 422
        assert "This trip asks for a document of Bea Andersson" in ana.says()
        ana.fills_in(**self.typed())
        assert checkout.state == State.READY

    @staticmethod
    def to_sydney(checkouts: Checkouts) -> Checkout:
        return checkouts.arrived(offer=raw_offer(origin="SIN", destination="SYD"))

    @staticmethod
    def typed(**changes: str) -> dict[str, str]:
        passport = {**{name: value for name, value in PASSPORT.items() if name != "issued_on"}, **changes}
        return {f"document_{name}": value for name, value in passport.items()}
