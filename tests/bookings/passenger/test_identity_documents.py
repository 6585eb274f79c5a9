"""Identity documents: kept, masked, read in full by their owner only, and asked for where a trip needs them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from bookings.offer.requirements import DocumentMissing, DocumentTypeUnsupported
from bookings.offer.schemas import OfferView
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.identity_document.schemas import IdentityDocumentList, IdentityDocumentView
from bookings.passenger.identity_document.services import DocumentAlreadyKept, DocumentExpired
from bookings.passenger.schemas import PassengerList, PassengerView
from movmo.kit.crypto import DecryptionFailed
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.operations.context import Caller
from movmo.operations.models import AuditEvent
from tests.conftest import StoppedClock
from tests.contract.world import PASSPORT, World, departure_date, view_of

pytestmark = pytest.mark.django_db

NUMBER = PASSPORT["number"]


def named(document: IdentityDocumentView) -> dict[str, str]:
    return {"passenger_id": str(document.passenger_id), "document_id": str(document.document_id)}


def to_sydney(world: World) -> OfferView:
    """The airline asks for a passport on this way."""
    return world.offer(origin="SIN", destination="SYD")


class TestKeeping:
    def test_the_owner_reads_it_in_full(self, world: World) -> None:
        kept = world.document()
        read = view_of(IdentityDocumentView, world.call("get_identity_document", **named(kept)))
        assert read == kept
        assert read.number == NUMBER

    def test_a_list_shows_the_end_of_the_number(self, world: World) -> None:
        kept = world.document()
        listed = view_of(
            IdentityDocumentList, world.call("list_identity_documents", passenger_id=str(kept.passenger_id))
        )
        assert [one.number for one in listed.data] == ["••••••L21"]

    def test_agents_see_it_masked(self, world: World, ana_by_scout: Caller) -> None:
        world.document()
        people = view_of(PassengerList, world.call("get_passengers_profile", by=ana_by_scout)).data
        assert [one.number for one in people[0].identity_documents] == ["••••••L21"]

    def test_each_look_leaves_a_line(self, world: World) -> None:
        kept = world.document()
        AuditEvent.objects.all().delete()
        world.call("get_identity_document", **named(kept))
        line = AuditEvent.objects.get()
        assert (line.operation, line.user_id, line.code) == ("get_identity_document", world.caller.user_id, "done")
        assert NUMBER not in str(line.arguments)

    def test_another_traveler_finds_nothing(self, world: World, bo_at_aviare: Caller) -> None:
        kept = world.document()
        for name in ("get_identity_document", "delete_identity_document"):
            with pytest.raises(NotFound):
                world.call(name, by=bo_at_aviare, **named(kept))
        assert IdentityDocument.objects.exists()

    def test_the_same_document_is_kept_once(self, world: World) -> None:
        kept = world.document()
        with pytest.raises(DocumentAlreadyKept):
            world.document(passenger_id=str(kept.passenger_id))
        world.document()  # of somebody else

    def test_a_document_is_replaced_whole(self, world: World) -> None:
        kept = world.document()
        after = {**PASSPORT, "number": "SPECI2014", "issued_on": None}
        told = world.call("replace_identity_document", **named(kept), **after)
        view = view_of(IdentityDocumentView, told)
        assert (view.number, view.issued_on) == ("SPECI2014", None)

    def test_a_deleted_one_is_gone(self, world: World) -> None:
        kept = world.document()
        world.call("delete_identity_document", **named(kept))
        assert not IdentityDocument.objects.exists()


class TestWhatADocumentMustBe:
    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"type": "library_card"}, "/type"),
            ({"issuing_country": "XX"}, "/issuing_country"),
            ({"issuing_country": "nld"}, "/issuing_country"),
            ({"number": "nx 1"}, "/number"),
            ({"expires_on": None}, "/expires_on"),
            ({"issued_on": "2999-01-01"}, "/issued_on"),
            ({"type": "known_traveler"}, "/expires_on"),
        ],
    )
    def test_a_malformed_field_is_named(self, world: World, changes: dict[str, Any], pointer: str) -> None:
        with pytest.raises(InvalidArguments) as caught:
            world.document(**changes)
        assert set(caught.value.fields) == {pointer}

    def test_an_expired_one_is_refused(self, world: World, clock: StoppedClock) -> None:
        yesterday = clock.now.date() - timedelta(days=1)
        with pytest.raises(DocumentExpired) as caught:
            world.document(expires_on=yesterday.isoformat())
        assert set(caught.value.fields) == {"/expires_on"}
        world.document(expires_on=clock.now.date().isoformat())


class TestAtRest:
    def test_nothing_of_it_is_in_the_table(self, world: World) -> None:
        world.document()
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM identity_document")
            row = b" ".join(
                part.encode()
                if isinstance(part, str)
                else bytes(part)
                if isinstance(part, (bytes, memoryview))
                else b""
                for part in cursor.fetchone()
            )
        for value in (NUMBER, "2031-05-04", "2021-05-04", '"NL"'):
            assert value.encode() not in row

    def test_a_row_copied_to_another_id_does_not_decrypt(self, world: World) -> None:
        mine, other = world.document(), world.document(number="SPECI2014")
        stored = IdentityDocument.objects.filter(pk=mine.document_id).values_list("number", flat=True)[0]
        with connection.cursor() as cursor:
            statement = "UPDATE identity_document SET number = %s WHERE id = %s"
            cursor.execute(
                statement, [bytes(stored), connection.ops.adapt_unknown_value(_stored_id(other.document_id))]
            )
        with pytest.raises(DecryptionFailed):
            _ = IdentityDocument.objects.get(pk=other.document_id).number


def _stored_id(value: UUID) -> Any:
    return value if connection.vendor == "postgresql" else value.hex


class TestOnATripThatAsksForOne:
    def person(self, world: World, **document: Any) -> PassengerView:
        person = world.passenger()
        if document:
            world.document(passenger_id=str(person.passenger_id), **document)
        return person

    def test_without_one_nobody_is_put_on_it(self, world: World) -> None:
        with pytest.raises(DocumentMissing):
            world.map(to_sydney(world), 0, self.person(world))

    def test_one_of_another_type_is_not_taken(self, world: World) -> None:
        with pytest.raises(DocumentTypeUnsupported) as caught:
            world.map(to_sydney(world), 0, self.person(world, type="national_id"))
        assert caught.value.facts["supported_types"] == ["passport"]

    def test_it_must_be_good_until_the_end(self, world: World) -> None:
        ends = departure_date() - timedelta(days=1)
        with pytest.raises(DocumentExpired):
            world.map(to_sydney(world), 0, self.person(world, expires_on=ends.isoformat()))

    def test_one_that_ends_soon_afterwards_is_warned_of(self, world: World) -> None:
        ends = departure_date() + timedelta(days=30)
        offer = view_of(OfferView, world.map(to_sydney(world), 0, self.person(world, expires_on=ends.isoformat())))
        assert [warning.code for warning in offer.warnings] == ["document_ends_soon"]

    def test_a_good_one_goes_to_the_airline(self, world: World) -> None:
        offer = view_of(OfferView, world.map(to_sydney(world), 0, self.person(world, number=NUMBER)))
        assert offer.warnings == []
        assert not world.book(offer).replayed

    def test_one_that_was_deleted_meanwhile_is_missing(self, world: World) -> None:
        offer = view_of(OfferView, world.map(to_sydney(world), 0, self.person(world, number=NUMBER)))
        IdentityDocument.objects.all().delete()
        with pytest.raises(DocumentMissing):
            world.book(offer)
