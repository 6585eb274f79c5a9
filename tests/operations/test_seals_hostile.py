"""The audit trail under attack by somebody who may insert, and who knows what verify looks at."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection

from movmo.kit import clock
from movmo.operations import seals
from movmo.operations.audit import SHARDS
from movmo.operations.models import AuditEvent, AuditSeal, AuditShard
from tests.operations.test_seals import LATER, call, problems

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shelf")]


@pytest.fixture
def sealed() -> int:
    call()
    return seals.seal(now=clock.now())


def backdated() -> AuditEvent:
    """A line from three days ago, as nobody wrote it then."""
    then = clock.now() - timedelta(days=3)
    forged = AuditEvent.objects.latest("id")
    forged.pk = UUID(int=seals.first_id_of(then).int | (uuid4().int & ((1 << 62) - 1)))
    forged.at, forged.code = then, "forged"
    forged.save(force_insert=True)
    return forged


@pytest.mark.parametrize(("shard", "place"), [(SHARDS, 1), (0, 0)])
def test_a_seal_beside_the_chains_hides_no_line(sealed: int, shard: int, place: int) -> None:
    AuditSeal.objects.create(shard=shard, sequence=place, event_id=backdated().pk, hash=bytes(32))
    seals.seal(now=clock.now())
    assert problems() == ["stray"]


def test_a_line_put_among_old_ones_is_found_whatever_time_it_tells(sealed: int) -> None:
    forged = backdated()
    AuditEvent.objects.filter(pk=forged.pk).update(at=LATER)
    seals.seal(now=clock.now())
    assert problems() == ["unsealed"]


def test_a_chain_that_cannot_go_on_keeps_no_other_from_going_on(sealed: int) -> None:
    first = AuditSeal.objects.order_by("shard").values_list("shard", flat=True)[0]
    AuditShard.objects.filter(shard=first).update(sequence=0)
    call(60)
    with pytest.raises(IntegrityError):
        seals.seal(now=clock.now())
    left = AuditEvent.objects.exclude(pk__in=AuditSeal.objects.values("event_id"))
    assert set(left.values_list("shard", flat=True)) == {first}


def test_an_end_that_was_cut_is_found_where_sealing_would_go_on(sealed: int) -> None:
    """Before any head was signed."""
    last = AuditSeal.objects.order_by("-sequence")[0]
    AuditEvent.objects.filter(pk=last.event_id).delete()
    last.delete()
    assert problems() == ["cut"]


def test_two_lines_that_changed_places_are_found(sealed: int) -> None:
    one, other = AuditEvent.objects.order_by("id")[:2]
    ours = ("call_id", "shard", "phase", "at", "duration_ms", "arguments")
    before = {name: getattr(one, name) for name in ours}
    AuditEvent.objects.filter(pk=one.pk).update(**{name: getattr(other, name) for name in ours})
    AuditEvent.objects.filter(pk=other.pk).update(**before)
    assert problems() == ["changed", "changed"]


def test_seals_that_changed_places_are_found(sealed: int) -> None:
    crowded = AuditShard.objects.order_by("-sequence")[0].pk
    one, other = AuditSeal.objects.filter(shard=crowded).order_by("sequence")[:2]
    AuditSeal.objects.filter(pk=one.pk).update(event_id=uuid4())
    AuditSeal.objects.filter(pk=other.pk).update(event_id=one.event_id)
    AuditSeal.objects.filter(pk=one.pk).update(event_id=other.event_id)
    assert problems() == ["changed", "changed"]


@pytest.mark.skipif(connection.vendor == "postgresql", reason="PostgreSQL takes no such text")
@pytest.mark.parametrize("text", ["X'0102'", "CAST(X'ff41' AS TEXT)", "code || char(0) || 'evil'"])
def test_what_is_no_text_is_told_and_hides_nothing_behind_it(sealed: int, text: str) -> None:
    one, other = AuditEvent.objects.order_by("id")[:2]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_event SET code = {text} WHERE id = %s", [one.pk.hex])
    AuditEvent.objects.filter(pk=other.pk).update(code="forged")
    assert problems() == ["changed", "changed"]
