"""Old lines of the audit trail go into files, and nothing goes that is not in one."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from movmo.kit import clock
from movmo.operations import append_only, archive, seals, verification
from movmo.operations.archive import HOT, NotArchived
from movmo.operations.lookup import house_key
from movmo.operations.models import AuditArchive, AuditEvent, AuditHead, AuditSeal
from movmo.operations.tasks import archive_audit
from movmo.operations.verification import verify
from tests.operations.test_seals import LATER, call, problems
from tests.operations.together import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shelf")]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    kept = tmp_path / "audit"
    place = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(kept)}}
    settings.STORAGES = {**settings.STORAGES, "audit": place}
    return kept


@pytest.fixture
def guarded() -> Iterator[None]:
    append_only.install(connection)
    append_only.let_archived_go(connection)
    yield
    append_only.lift(connection)


@pytest.fixture
def sealed() -> int:
    call()
    return seals.seal(now=clock.now())


def after_thirteen_months() -> datetime:
    return clock.now() + HOT + timedelta(days=1)


def all_problems() -> list[str]:
    return [problem.kind for problem in verify(now=LATER, archives=True).problems]


@pytest.mark.usefixtures("guarded")
def test_old_lines_go_into_files_and_the_trail_stays_whole(sealed: int, folder: Path) -> None:
    head = seals.sign(now=clock.now()).head
    lines = {str(pk): code for pk, code in AuditEvent.objects.values_list("pk", "code")}
    assert archive.archive(now=after_thirteen_months()) == sealed == 40
    assert (AuditEvent.objects.count(), AuditSeal.objects.count()) == (0, 40)
    assert (problems(head), all_problems(), verify(now=LATER).lines) == ([], [], 40)
    call(3)
    seals.seal(now=clock.now())
    assert (problems(head), verify(now=LATER).lines) == ([], 46)
    told: dict[str, Any] = {}
    for record in AuditArchive.objects.all():
        content = (folder / record.file).read_bytes()
        assert (sha256(content).hexdigest(), len(content)) == (record.sha256, record.byte_count)
        first, *rest = map(json.loads, gzip.decompress(content).splitlines())
        previous = bytes.fromhex(first["previous"])
        for line in rest:
            previous = seals.link(house_key(seals.KEY), previous, line["line"])
            assert previous.hex() == line["hash"]
            told[line["id"]] = json.loads(line["line"])
    assert told.keys() == lines.keys()
    assert all(lines[pk] in line for pk, line in told.items())


def test_what_is_younger_stays(sealed: int) -> None:
    middle = AuditEvent.objects.order_by("at")[sealed // 2]
    archived = archive.archive(now=middle.at + HOT)
    left = list(AuditEvent.objects.values_list("at", flat=True))
    assert 0 < archived == sealed - len(left)
    assert middle.at in left
    assert archive.archive(now=middle.at + HOT) == 0
    assert archive.archive(now=after_thirteen_months()) == len(left)
    assert all_problems() == []


def test_a_line_without_a_seal_stays(sealed: int) -> None:
    call(1)
    assert archive.archive(now=after_thirteen_months()) == 40
    assert AuditEvent.objects.count() == 2


def test_long_chains_make_several_files(sealed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LINES", 2)
    archive_audit_at(after_thirteen_months())
    assert AuditArchive.objects.filter(first__gt=1).exists()
    assert (AuditEvent.objects.count(), all_problems()) == (0, [])


def archive_audit_at(now: datetime) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: now)
        archive_audit()


@pytest.mark.parametrize("attack", ["change", "delete"])
def test_a_chain_that_is_not_as_it_was_sealed_keeps_its_lines(sealed: int, attack: str) -> None:
    victim = AuditEvent.objects.order_by("id")[0]
    one = AuditEvent.objects.filter(pk=victim.pk)
    one.update(code="forged") if attack == "change" else one.delete()
    left = AuditEvent.objects.filter(shard=victim.shard).count()
    with pytest.raises(NotArchived, match=f"chain {victim.shard} is not as it was sealed at 1"):
        archive.archive(now=after_thirteen_months())
    assert AuditEvent.objects.count() == left
    assert not AuditArchive.objects.filter(shard=victim.shard).exists()
    assert problems() == [f"{attack}d"]


class Broken(FileSystemStorage):
    """Keeps less than it was given."""

    def _save(self, name: str, content: Any) -> str:
        content.truncate(content.size - 1)
        kept: str = super()._save(name, content)  # type: ignore[misc]
        return kept


class Full(FileSystemStorage):
    def _save(self, name: str, content: Any) -> str:
        raise OSError("no space left on device")


@pytest.mark.parametrize(("storage", "failure"), [(Broken, NotArchived), (Full, OSError)])
def test_a_storage_that_does_not_keep_it_costs_no_line(
    sealed: int, storage: type[FileSystemStorage], failure: type[Exception], settings: Any, folder: Path
) -> None:
    place = {"BACKEND": f"{__name__}.{storage.__name__}", "OPTIONS": {"location": str(folder)}}
    whole = settings.STORAGES
    settings.STORAGES = {**whole, "audit": place}
    with pytest.raises(failure):
        archive.archive(now=after_thirteen_months())
    assert (AuditEvent.objects.count(), AuditArchive.objects.count()) == (40, 0)
    settings.STORAGES = whole
    assert archive.archive(now=after_thirteen_months()) == 40
    assert all_problems() == []


def test_a_worker_that_dies_before_the_commit_leaves_the_lines_and_a_file_that_nobody_knows(
    sealed: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archive, "_let_go", dies)
        with pytest.raises(KeyboardInterrupt):
            archive.archive(now=after_thirteen_months())
    (left,) = folder.iterdir()
    assert (AuditEvent.objects.count(), AuditArchive.objects.count()) == (40, 0)
    assert archive.archive(now=after_thirteen_months()) == 40
    kept = set(AuditArchive.objects.values_list("file", flat=True))
    assert {one.name for one in folder.iterdir()} == {left.name, *kept}
    assert left.name not in kept, "a worker that is believed dead may be at it still"


def test_record_and_removal_are_one(sealed: int) -> None:
    """The triggers refuse the removal: the record is gone with it."""
    append_only.install(connection)
    try:
        with pytest.raises(DatabaseError, match=append_only.REFUSAL):
            archive.archive(now=after_thirteen_months())
        assert (AuditEvent.objects.count(), AuditArchive.objects.count()) == (40, 0)
    finally:
        append_only.lift(connection)


@pytest.mark.usefixtures("guarded")
def test_triggers_let_go_what_is_archived_and_nothing_else(sealed: int) -> None:
    archive.archive(now=after_thirteen_months())
    call(1)
    seals.seal(now=clock.now())
    record = AuditArchive.objects.all()[:1].get()
    attacks: list[Any] = [
        lambda: AuditEvent.objects.all().delete(),
        lambda: AuditEvent.objects.update(code="forged"),
        lambda: AuditSeal.objects.filter(shard=record.shard, sequence=1).delete(),
        lambda: AuditArchive.objects.filter(pk=record.pk).delete(),
        lambda: AuditArchive.objects.filter(pk=record.pk).update(last=99),
    ]
    for attack in attacks:
        with pytest.raises(DatabaseError, match=append_only.REFUSAL), transaction.atomic():
            attack()
    assert (AuditEvent.objects.count(), problems()) == (2, [])


@pytest.mark.usefixtures("guarded")
def test_a_record_without_the_key_hides_no_deletion(sealed: int) -> None:
    """Whoever may insert can have a line go, and is found out."""
    seal = AuditSeal.objects.filter(sequence=1).order_by("shard")[0]
    AuditArchive.objects.create(
        at=clock.now(), shard=seal.shard, first=1, last=1, previous=seals.BEGINNING, hash=seal.hash, file="none.gz",
        sha256="0" * 64, byte_count=1, mac=bytes(32),
    )  # fmt: skip
    AuditEvent.objects.filter(pk=seal.event_id).delete()
    assert sorted(problems()) == ["deleted", "forged"]


def test_a_record_that_was_stretched_is_found(sealed: int) -> None:
    middle = AuditEvent.objects.order_by("at")[20]
    archive.archive(now=middle.at + HOT)
    record = AuditArchive.objects.order_by("shard")[0]
    AuditArchive.objects.filter(pk=record.pk).update(last=record.last + 1)
    assert "forged" in problems()


def test_files_are_read_again_if_asked(
    sealed: int, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.archive(now=after_thirteen_months())
    call_command("audit_verify", archives=True)
    one, other = AuditArchive.objects.order_by("shard")[:2]
    (folder / one.file).unlink()
    changed = bytearray((folder / other.file).read_bytes())
    changed[len(changed) // 2] ^= 1
    (folder / other.file).write_bytes(changed)
    call_command("audit_verify")
    with pytest.raises(CommandError, match="2 problem"):
        call_command("audit_verify", archives=True)
    assert "lost at" in capsys.readouterr().err


def test_a_hash_changed_behind_an_archive_is_found_with_its_file(sealed: int) -> None:
    archive.archive(now=after_thirteen_months())
    record = next(one for one in AuditArchive.objects.all() if one.last > one.first)
    AuditSeal.objects.filter(shard=record.shard, sequence=record.first).update(hash=bytes(32))
    assert all_problems() == ["lost"]


def first_chain() -> int:
    return AuditEvent.objects.order_by("shard")[0].shard


def archived_but_for_the_last_of_a_chain_which_is_deleted() -> None:
    chain = first_chain()
    victim = AuditSeal.objects.filter(shard=chain).order_by("-sequence")[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "LINES", victim.sequence - 1)
        assert archive._archive_next(chain, now=after_thirteen_months()) == victim.sequence - 1
    assert AuditEvent.objects.filter(pk=victim.event_id).delete()[0] == 1


def deleted_behind_a_record_without_the_key() -> None:
    seal = AuditSeal.objects.filter(shard=first_chain()).order_by("-sequence")[0]
    AuditArchive.objects.create(
        at=clock.now(), shard=seal.shard, first=1, last=seal.sequence, previous=seals.BEGINNING, hash=seal.hash,
        file="none.gz", sha256="0" * 64, byte_count=1, mac=bytes(32),
    )  # fmt: skip
    AuditEvent.objects.filter(shard=seal.shard).delete()


def problems_when_meanwhile(happens: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """It happens after the first line of the first chain was read."""
    monkeypatch.setattr(verification, "PAGE", 1)
    reports: list[int] = []

    def report(lines: int) -> None:
        reports.append(lines)
        if len(reports) == 1:
            happens()

    return [problem.kind for problem in verify(now=LATER, report=report, archives=True).problems]


def test_lines_that_are_archived_while_they_are_verified_are_not_missing(
    sealed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert problems_when_meanwhile(lambda: archive.archive(now=after_thirteen_months()), monkeypatch) == []
    assert AuditEvent.objects.count() == 0


def test_a_line_deleted_while_others_are_archived_and_verified_is_found(
    sealed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = problems_when_meanwhile(archived_but_for_the_last_of_a_chain_which_is_deleted, monkeypatch)
    assert found == problems() == ["deleted"]


def test_a_record_made_without_the_key_while_lines_are_verified_hides_no_deletion(
    sealed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = problems_when_meanwhile(deleted_behind_a_record_without_the_key, monkeypatch)
    assert set(found) == set(problems()) == {"deleted", "forged"}


def test_a_file_lost_since_its_lines_were_archived_meanwhile_is_found(
    sealed: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def archived_and_lost() -> None:
        archive.archive(now=after_thirteen_months())
        (folder / AuditArchive.objects.order_by("shard")[0].file).unlink()

    assert problems_when_meanwhile(archived_and_lost, monkeypatch) == ["lost"]


def archive_when_meanwhile(happens: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> int:
    """It happens after it was seen how far the first chain is archived, and before its lines are read."""
    read = archive._intact

    def intact(*chain: Any, **bound: Any) -> Iterator[archive.Line]:
        monkeypatch.setattr(archive, "_intact", read)
        happens()
        return read(*chain, **bound)

    monkeypatch.setattr(archive, "_intact", intact)
    return archive.archive(now=after_thirteen_months())


def test_who_comes_second_finds_nothing_wrong(sealed: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first: list[int] = []
    second = archive_when_meanwhile(lambda: first.append(archive.archive(now=after_thirteen_months())), monkeypatch)
    assert (first, second, all_problems()) == ([40], 0, [])
    assert {one.name for one in folder.iterdir()} == set(AuditArchive.objects.values_list("file", flat=True))


def test_a_line_deleted_beside_somebody_else_who_archives_is_told(sealed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = first_chain()
    place = AuditSeal.objects.filter(shard=chain).count()
    archive_when_meanwhile(archived_but_for_the_last_of_a_chain_which_is_deleted, monkeypatch)
    with pytest.raises(NotArchived, match=f"chain {chain} is not as it was sealed at {place}:"):
        archive.archive(now=after_thirteen_months())
    assert all_problems() == ["deleted"]


def test_a_record_made_without_the_key_meanwhile_does_not_calm_who_archives(
    sealed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = first_chain()
    with pytest.raises(NotArchived, match=f"chain {chain} is not as it was sealed at 1:"):
        archive_when_meanwhile(deleted_behind_a_record_without_the_key, monkeypatch)


@pytest.mark.django_db(transaction=True)
def test_several_who_archive_at_once_take_each_line_once(folder: Path) -> None:
    call(40)
    seals.seal(now=clock.now())
    now = after_thirteen_months()
    taken = together(*[lambda: archive.archive(now=now)] * 3)
    assert [one for one in taken if isinstance(one, Exception)] == []
    assert sum(one for one in taken if isinstance(one, int)) == 80
    assert (AuditEvent.objects.count(), all_problems()) == (0, [])
    places = list(AuditArchive.objects.values_list("shard", "first", "last", "file"))
    assert sum(last - first + 1 for _, first, last, _ in places) == 80
    assert {one.name for one in folder.iterdir()} == {file for *_, file in places}
    assert AuditHead.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_verifying_beside_those_who_archive_finds_nothing_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LINES", 2)
    monkeypatch.setattr(verification, "PAGE", 2)
    call(40)
    seals.seal(now=clock.now())
    now = after_thirteen_months()

    def archives() -> list[str]:
        archive.archive(now=now)
        return []

    assert together(archives, problems, archives, problems) == [[]] * 4
    assert (AuditEvent.objects.count(), all_problems()) == (0, [])
