"""The audit trail under attack by somebody who may insert, and who knows what verify looks at."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError

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
    forged.pk = UUID(int=seals._first_id_of(then).int | (uuid4().int & ((1 << 62) - 1)))
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
