"""The audit trail under attack: by somebody who may write in the database, and by time."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from movmo.kit import clock
from movmo.kit.rsa import new_rsa_key
from movmo.operations import append_only, seals, verification
from movmo.operations.audit import SHARDS
from movmo.operations.models import AuditEvent, AuditHead, AuditSeal, AuditShard
from movmo.operations.verification import verify
from tests.conftest import StoppedClock
from tests.operations import toys
from tests.operations.test_idempotency import write
from tests.operations.together import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shelf")]

LATER = datetime(2099, 1, 1, tzinfo=UTC)


def call(times: int = 20) -> None:
    """Each leaves an intent and an outcome."""
    for _ in range(times):
        write(toys.caller(), key=None, title=f"kite {uuid4().hex[:20]}")


def problems(*heads: str) -> list[str]:
    return [problem.kind for problem in verify(now=LATER, heads=heads).problems]


@pytest.fixture
def sealed() -> int:
    call()
    return seals.seal(now=clock.now())


def test_every_line_gets_one_seal_and_the_trail_is_whole(sealed: int) -> None:
    assert sealed == AuditEvent.objects.count() == AuditSeal.objects.count() == 40
    assert (verify(now=LATER).lines, problems()) == (40, [])


def test_sealing_again_seals_what_came_since(sealed: int) -> None:
    assert seals.seal(now=clock.now()) == 0
    call(3)
    assert seals.seal(now=clock.now()) == 6
    assert problems() == []


def test_batches_make_one_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "BATCH", 2)
    monkeypatch.setattr(verification, "PAGE", 3)
    call(40)
    assert seals.seal(now=clock.now()) == 80
    assert (verify(now=LATER).lines, problems()) == (80, [])


def test_lines_of_one_call_are_in_one_chain() -> None:
    call(30)
    by_call: dict[Any, set[int]] = {}
    for event in AuditEvent.objects.all():
        by_call.setdefault(event.call_id, set()).add(event.shard)
    assert {len(shards) for shards in by_call.values()} == {1}
    assert len(set.union(*by_call.values())) > SHARDS // 4


@pytest.mark.parametrize("column", ["code", "operation", "door", "request_id", "client_id"])
def test_a_changed_line_is_found(sealed: int, column: str) -> None:
    victim = AuditEvent.objects.order_by("?").first()
    assert victim is not None
    AuditEvent.objects.filter(pk=victim.pk).update(**{column: "forged"})
    assert problems() == ["changed"]


def test_changed_arguments_are_found(sealed: int) -> None:
    victim = AuditEvent.objects.exclude(arguments=None).first()
    assert victim is not None
    AuditEvent.objects.filter(pk=victim.pk).update(arguments={"title": "another"})
    assert problems() == ["changed"]


def test_a_deleted_line_is_found(sealed: int) -> None:
    AuditEvent.objects.filter(pk=AuditEvent.objects.order_by("?").values("pk")[:1]).delete()
    assert problems() == ["deleted"]


def test_a_line_deleted_with_its_seal_is_found(sealed: int) -> None:
    seal = AuditSeal.objects.filter(sequence=1).first()
    assert seal is not None
    AuditEvent.objects.filter(pk=seal.event_id).delete()
    seal.delete()
    assert "gap" in problems()


def test_a_chain_closed_up_behind_a_deleted_line_is_found(sealed: int) -> None:
    """Without the key nobody makes the hashes that come after."""
    first = AuditSeal.objects.filter(sequence=1).first()
    assert first is not None
    AuditEvent.objects.filter(pk=first.event_id).delete()
    first.delete()
    for seal in AuditSeal.objects.filter(shard=first.shard).order_by("sequence"):
        AuditSeal.objects.filter(pk=seal.pk).update(sequence=seal.sequence - 1)
    assert "changed" in problems()


def cut(shard: int) -> None:
    """The last line, its seal, and the end of the chain, as if it had never been."""
    *_, before, last = [None, *AuditSeal.objects.filter(shard=shard).order_by("sequence")]
    assert last is not None
    AuditEvent.objects.filter(pk=last.event_id).delete()
    AuditSeal.objects.filter(pk=last.pk).delete()
    end = {"sequence": before.sequence, "hash": before.hash} if before else {"sequence": 0, "hash": seals.BEGINNING}
    AuditShard.objects.filter(pk=shard).update(**end)


def longest() -> int:
    end = AuditShard.objects.order_by("-sequence").first()
    assert end is not None
    return end.pk


def test_an_end_that_was_cut_is_found_by_a_signed_head(sealed: int) -> None:
    seals.sign(now=clock.now())
    cut(longest())
    assert problems() == ["cut"]


def test_and_by_a_copy_if_the_heads_were_deleted_too(sealed: int) -> None:
    copy = seals.sign(now=clock.now()).head
    cut(longest())
    AuditHead.objects.all().delete()
    assert (problems(), problems(copy)) == ([], ["cut"])


def test_a_head_that_the_house_did_not_sign_is_found(sealed: int) -> None:
    head = seals.sign(now=clock.now())
    said = b'{"ends":{"%d":[1,"00"]}}' % longest()
    AuditHead.objects.filter(pk=head.pk).update(head=f"{seals.FORMAT}:{urlsafe_b64encode(said).decode()}:AAAA")
    assert problems() == ["forged"]
    assert problems("nonsense") == ["forged", "forged"]


def test_a_head_by_a_key_that_was_retired_is_good_while_the_chains_agree(sealed: int, settings: Any) -> None:
    seals.sign(now=clock.now())
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "OIDC_RSA_PRIVATE_KEY": new_rsa_key()}
    assert problems() == []
    cut(longest())
    assert problems() == ["forged"]


def test_a_line_that_is_never_sealed_is_found(sealed: int) -> None:
    event = AuditEvent.objects.last()
    assert event is not None
    AuditSeal.objects.filter(event_id=event.pk).delete()
    assert "unsealed" in problems()


def test_a_line_that_commits_late_is_sealed_all_the_same(clock: StoppedClock) -> None:
    """Its id is older than that of the last sealed one."""
    call(1)
    late = AuditEvent.objects.order_by("id").first()
    assert late is not None
    AuditEvent.objects.filter(pk=late.pk).delete()
    call(40)
    seals.seal(now=datetime.now(UTC))
    late.save(force_insert=True)
    assert seals.seal(now=datetime.now(UTC)) == 1
    assert problems() == []


def test_the_command_tells(sealed: int, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    call_command("audit_verify")
    assert "40 lines" in capsys.readouterr().out
    kept = tmp_path / "heads"
    kept.write_text(seals.sign(now=clock.now()).head + "\n")
    cut(longest())
    with pytest.raises(CommandError, match="1 problem"):
        call_command("audit_verify", heads=kept)
    assert "cut at" in capsys.readouterr().err


@pytest.fixture
def guarded() -> Iterator[None]:
    append_only.install(connection)
    yield
    append_only.lift(connection)


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize("model", [AuditEvent, AuditSeal, AuditHead])
def test_the_tables_take_new_rows_and_nothing_else(sealed: int, model: Any) -> None:
    seals.sign(now=clock.now())
    row, column = model.objects.first(), {AuditEvent: "code", AuditSeal: "sequence", AuditHead: "head"}[model]
    attacks: list[Any] = [
        lambda: model.objects.filter(pk=row.pk).update(**{column: 7}),
        lambda: model.objects.filter(pk=row.pk).delete(),
    ]
    for attack in attacks:
        with pytest.raises(DatabaseError, match=append_only.REFUSAL), transaction.atomic():
            attack()
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="postgresql: SQLite has no TRUNCATE")
@pytest.mark.usefixtures("guarded")
def test_nor_are_they_emptied(sealed: int) -> None:
    with pytest.raises(DatabaseError, match=append_only.REFUSAL), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_event")


@pytest.mark.django_db(transaction=True)
def test_several_who_seal_at_once_make_one_chain() -> None:
    call(60)
    together(*[lambda: seals.seal(now=clock.now())] * 4)
    assert (AuditSeal.objects.count(), problems()) == (120, [])
