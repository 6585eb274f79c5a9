"""A checkout at each of its first steps, for whoever tests what comes after.

    shop      aviare's pages are registered: https://shop.example and http://partner.localhost:8000
    opened    a Checkout that aviare's server has opened, for one adult; `client_secret` is its secret
    claimed   the same, in the hands of a frame: `bearer` is its token, `headers` what a request of the frame carries
    arrived   ana has signed in in that frame; every slot is empty
    ready     ana, with a passenger on every slot: `quote_version` 1 may be said yes to
    checkouts makes any of these with other parties, family names (the sandbox airline's triggers) or origins

A Checkout's `session` is the row as it was last read; `again()` reads it anew. `caller` calls operations as its frame
does, and `world` is a tests.contract.world.World of that caller. The clock stands still at noon (fixture `clock`).
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from bookings.offer.schemas import OfferView
from bookings.payment_method.vaults import registry
from checkout_widget.session import callers, confirming, services, watching
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from checkout_widget.session.schemas import OpenedCheckout
from movmo.accounts.models import User
from movmo.kit import clock as the_clock
from movmo.operations.context import Caller
from movmo.operations.models import Event
from movmo.sandbox_vault.app import SandboxVault
from partners.partner.models import Partner
from tests import factories
from tests.conftest import StoppedClock
from tests.contract.world import World, by_key, raw_offer, view_of
from tests.factories import SHOP


@dataclass
class Checkout:
    session: CheckoutSession
    client_secret: str
    bearer: str = ""
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        return self.session.pk

    @property
    def url(self) -> str:
        return f"/c/{self.session.pk}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.bearer}"}

    @property
    def state(self) -> str:
        """As the table has it now."""
        return self.again().state

    @property
    def attempts(self) -> list[CheckoutAttempt]:
        return list(self.session.attempts.order_by("number"))

    def again(self) -> CheckoutSession:
        self.session = CheckoutSession.objects.get(pk=self.session.pk)
        return self.session

    @property
    def caller(self) -> Caller:
        return callers.of(self.again())

    @property
    def world(self) -> World:
        return World(self.caller)

    def offer(self) -> OfferView:
        named = {"provider": self.session.provider, "offer_id": str(self.session.offer_id)}
        return view_of(OfferView, World(self.caller).call("get_offer_details", **named))

    def claim(self) -> None:
        """A frame takes it over."""
        self.session, self.bearer = services.claim(self.id, self.client_secret, now=the_clock.now())

    def arrive(self, user: User) -> None:
        services.arrive(self.again(), user.pk, now=the_clock.now())

    def say_yes(self, *, card: UUID | None = None, quote_version: int = 1) -> str:
        """The state afterwards. Raises DomainError."""
        confirming.confirm(self.again(), quote_version=quote_version, payment_method_id=card)
        return self.state

    def look(self) -> str:
        """As a frame that polls. The state afterwards."""
        watching.look(self.again())
        return self.state

    def told(self) -> list[str]:
        """The states that were told as events."""
        types = Event.objects.filter(subject_id=self.id).order_by("sequence").values_list("type", flat=True)
        return [name.split(".")[1] for name in types]

    def fill(self, family_name: str = "Andersson") -> None:
        """A passenger on every slot."""
        world, offer = self.world, self.offer()
        for index, slot in enumerate(offer.passengers):
            world.map(offer, index, world.passenger(slot.type, family_name=family_name))
        services.settle_party(self.again(), self.offer().model_dump(), now=the_clock.now())


class Checkouts:
    """Makes checkouts of a partner whose shop is registered."""

    def __init__(self, partner: Partner, traveler: User) -> None:
        self.partner = partner
        self.traveler = traveler

    def open(self, *party: str, by: Caller | None = None, key: str | None = None, **changes: Any) -> Checkout:
        """Through create_checkout_session, of a raw offer for the party unless `offer_id` is given."""
        given: dict[str, Any] = {"provider": "sandbox", "origin": SHOP, "return_url": f"{SHOP}/thanks", **changes}
        if "offer_id" not in given and "offer" not in given:
            given["offer"] = raw_offer(*party)
        answer = World(by or by_key(self.partner)).call("create_checkout_session", key=key, **given)
        told = view_of(OpenedCheckout, answer)
        return Checkout(CheckoutSession.objects.get(pk=told.session_id), told.client_secret, given=given)

    def claimed(self, *party: str, **changes: Any) -> Checkout:
        checkout = self.open(*party, **changes)
        checkout.claim()
        return checkout

    def arrived(self, *party: str, **changes: Any) -> Checkout:
        checkout = self.claimed(*party, **changes)
        checkout.arrive(self.traveler)
        return checkout

    def ready(self, *party: str, family_name: str = "Andersson", **changes: Any) -> Checkout:
        checkout = self.arrived(*party, **changes)
        checkout.fill(family_name)
        return checkout


@pytest.fixture(autouse=True)
def stopped(clock: StoppedClock) -> None:
    """Offers do not run out while a test looks at them."""


@pytest.fixture
def vault_is_up(the_vault: SandboxVault, settings: Any) -> None:
    """Cards are kept somewhere: for tests that keep one."""
    vault = registry.current()
    assert vault is not None
    settings.MOVMO_VAULTS = [{"name": "sandbox", "url": vault.form_access().frame_origin}]


@pytest.fixture
def shop(aviare: Partner) -> Partner:
    factories.checkout_origin(aviare, SHOP)
    factories.checkout_origin(aviare, factories.DEMO_SHOP)
    return aviare


@pytest.fixture
def checkouts(shop: Partner, ana: User) -> Checkouts:
    return Checkouts(shop, ana)


@pytest.fixture
def opened(checkouts: Checkouts) -> Checkout:
    return checkouts.open()


@pytest.fixture
def claimed(checkouts: Checkouts) -> Checkout:
    return checkouts.claimed()


@pytest.fixture
def arrived(checkouts: Checkouts) -> Checkout:
    return checkouts.arrived()


@pytest.fixture
def ready(checkouts: Checkouts) -> Checkout:
    return checkouts.ready()
