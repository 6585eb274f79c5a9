"""What is left after a purchase: word to the partner's server, and nothing of the card."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from checkout_widget.session.models import CheckoutSession
from movmo.operations import outbox
from partners.partner.models import Partner
from partners.webhook.delivering import deliver_due
from tests.browser.conftest import NewBuyer
from tests.partners import hooks
from tests.partners.receiver import Receiver, receiving

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# One that no other test types: what they wrote stays in the database's files for a while.
AMEX = "378282246310005"
FILES = """SELECT pg_read_binary_file(pg_relation_filepath(oid)) FROM pg_class
  WHERE relkind IN ('r', 't', 'i') AND relpersistence = 'p'
  AND relnamespace IN ('public'::regnamespace, 'pg_toast'::regnamespace)"""


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path) as receiver, hooks.sent_by(receiver.outbound):
        yield receiver


def test_the_partner_s_server_is_told(buyer: NewBuyer, aviare: Partner, receiver: Receiver) -> None:
    ana = buyer()
    made = hooks.endpoint(aviare, event_types=["checkout.completed.v1"])
    ana.is_about_to_pay()
    ana.pays()
    pnr = ana.pnr
    outbox.drain()
    deliver_due()
    (request,) = receiver.received
    assert request.verified_with(made.secret) == request.told
    session = CheckoutSession.objects.get()
    assert (request.told["type"], request.told["subject_id"]) == ("checkout.completed.v1", str(session.pk))
    assert request.told["data"] == {
        "session_id": str(session.pk),
        "status": "completed",
        "booking_id": str(session.booking_id),
        "record_locator": pnr,
        "failure_code": None,
    }


def test_no_byte_of_the_database_tells_the_number(buyer: NewBuyer) -> None:
    ana = buyer()
    ana.is_about_to_pay(card=AMEX)
    ana.pays()
    pnr = ana.pnr
    kept = every_byte()
    assert pnr.encode() in kept, "the files were read"
    for number in (AMEX, f"{AMEX[:4]} {AMEX[4:10]} {AMEX[10:]}"):
        assert number.encode() not in kept
        assert number.encode("utf-16-le") not in kept


def every_byte() -> bytes:
    """Of all tables and indexes, rows that were deleted included."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        return bytes(connection.connection.serialize())
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(FILES)
        return b"".join(bytes(content) for (content,) in cursor.fetchall())
