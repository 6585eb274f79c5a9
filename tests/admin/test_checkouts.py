"""Staff register where a partner's pages are, and look at what became of its checkouts."""

from collections.abc import Sequence

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from checkout_widget.session.models import CheckoutAttempt
from checkout_widget.session.schemas import OpenedCheckout
from movmo.accounts.models import User
from partners.origin.models import CheckoutOrigin
from partners.partner.models import Partner
from tests import factories
from tests.conftest import NOON
from tests.contract.arguments import arguments_for
from tests.contract.world import World, view_of
from tests.office import clerk_with_app, entered

pytestmark = pytest.mark.django_db
LIST = "/admin/checkout_widget/checkoutsession/"


@pytest.fixture
def office(client: Client) -> Client:
    return entered(client, clerk_with_app())


def save(office: Client, partner: Partner, rows: dict[str, str], *, known: Sequence[CheckoutOrigin] = ()) -> str:
    """What the partner's page says after its form was sent; "" if it was saved."""
    form = {
        "name": partner.name,
        "slug": partner.slug,
        "plan": str(partner.plan_id),
        "is_active": "on",
        "checkout_origins-TOTAL_FORMS": str(len(known) + 1),
        "checkout_origins-INITIAL_FORMS": str(len(known)),
        **{f"checkout_origins-{at}-id": str(row.pk) for at, row in enumerate(known)},
        **{f"checkout_origins-{name}": value for name, value in rows.items()},
    }
    answer = office.post(f"/admin/partners/partner/{partner.pk}/change/", form)
    return "" if answer.status_code == 302 else answer.content.decode()


def origins(partner: Partner) -> list[str]:
    return [row.origin for row in partner.checkout_origins.order_by("origin")]


class TestOrigins:
    def test_are_added_on_the_partner_s_page(self, office: Client, aviare: Partner) -> None:
        assert save(office, aviare, {"0-origin": "https://shop.example"}) == ""
        assert origins(aviare) == ["https://shop.example"]
        assert "https://shop.example" in str(LogEntry.objects.latest("id"))  # who did it is written down

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("shop.example", "It begins with https:// and a host name."),
            ("http://shop.example", "http is for localhost"),
            ("https://*.example", "Its host is a whole name"),
            ("https://SHOP.example", "Write it as browsers do: https://shop.example"),
            ("https://shop.example/page", "Write it as browsers do: https://shop.example"),
            ("https://ana@shop.example", "It holds no user name"),
            ("https://shop example", "It holds only plain ASCII"),
        ],
    )
    def test_are_written_as_browsers_write_them(self, office: Client, aviare: Partner, typed: str, said: str) -> None:
        assert said in save(office, aviare, {"0-origin": typed})
        assert origins(aviare) == []

    def test_a_slash_at_the_end_is_forgiven(self, office: Client, aviare: Partner) -> None:
        assert save(office, aviare, {"0-origin": "https://shop.example/"}) == ""
        assert origins(aviare) == ["https://shop.example"]

    def test_are_registered_once(self, office: Client, aviare: Partner, kestrel: Partner) -> None:
        known = factories.checkout_origin(aviare)
        assert "duplicate data for origin" in save(office, aviare, {"1-origin": known.origin}, known=[known])
        assert "duplicate data for origin" in save(office, aviare, {"1-origin": f"{known.origin}/"}, known=[known])
        assert save(office, kestrel, {"0-origin": known.origin}) == ""

    def test_are_taken_away(self, office: Client, aviare: Partner) -> None:
        known = factories.checkout_origin(aviare)
        assert save(office, aviare, {"0-DELETE": "on"}, known=[known]) == ""
        assert origins(aviare) == []

    def test_are_never_changed_into_others(self, office: Client, aviare: Partner) -> None:
        known = factories.checkout_origin(aviare)
        save(office, aviare, {"0-origin": "https://evil.example"}, known=[known])
        assert origins(aviare) == ["https://shop.example"]

    def test_who_may_only_look_adds_none(self, client: Client, aviare: Partner) -> None:
        clerk: User = clerk_with_app(is_superuser=False)
        clerk.user_permissions.add(Permission.objects.get(codename="change_partner"))
        save(entered(client, clerk), aviare, {"0-origin": "https://shop.example"})
        assert origins(aviare) == []


def test_what_was_booked_twice_is_to_be_found(office: Client, world: World, ana: User) -> None:
    """One person, one offer, two checkouts: by whatever hole that may be."""
    shown = []
    for _ in range(2):
        given = arguments_for("create_checkout_session", world)
        opened = view_of(OpenedCheckout, world.call("create_checkout_session", **given))
        CheckoutAttempt.objects.create(
            session_id=opened.session_id,
            number=1,
            user_id=ana.pk,
            provider="sandbox",
            provider_offer_id="off_1",
            total_minor=1,
            currency="EUR",
            outcome="ticketed",
            began_at=NOON,
            ended_at=NOON,
        )
        shown.append(office.get(f"{LIST}?booked_twice=yes").context["cl"].result_count)
    assert shown == [0, 2]


def test_checkouts_are_filtered_by_state(office: Client, world: World) -> None:
    world.call("create_checkout_session", **arguments_for("create_checkout_session", world))
    shown = [office.get(f"{LIST}?state__exact={state}").context["cl"].result_count for state in ("open", "completed")]
    assert shown == [1, 0]
