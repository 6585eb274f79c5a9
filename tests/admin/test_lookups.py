"""A list of the back office is filtered by its own filters and by nothing else."""

import pytest
from django.test import Client

from tests.office import clerk_with_app, entered


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


@pytest.mark.parametrize(
    "address",
    [
        "bookings/booking/?passengers__contains=Ana",
        "bookings/sandboxorder/?passengers__contains=Ana",
        "bookings/booking/?state__regex=[",
        "bookings/booking/?user__password__startswith=p",
        "bookings/booking/?state__exact=%00",
    ],
)
def test_other_look_ups_are_refused(office: Client, address: str) -> None:
    assert office.get(f"/admin/{address}").status_code == 400


@pytest.mark.parametrize("query", ["state__exact=confirmed", "provider=sandbox", "provider__isnull=True", "q=x", "o=1"])
def test_what_the_page_offers_works(office: Client, query: str) -> None:
    assert office.get(f"/admin/bookings/booking/?{query}").status_code == 200
