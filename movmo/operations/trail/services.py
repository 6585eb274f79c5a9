"""Verifying the audit trail because a clerk asked for it: one run at a time, by a worker, with its result kept."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Sum

from movmo.kit import clock
from movmo.operations import audit, nudge, seals, verification
from movmo.operations.context import Door
from movmo.operations.models import AuditHead, AuditShard, AuditVerification
from movmo.operations.verification import Verdict

log = structlog.get_logger()

VERIFY = "verify_audit"
WORD = "audit"
LOST_AFTER = timedelta(minutes=10)
"""A run that has not read a page for so long has lost its worker."""
State = AuditVerification.State


class VerificationUnderWay(Exception):
    """Of staff's pages only. Its text is for the clerk."""

    code = "verification_under_way"

    def __init__(self) -> None:
        super().__init__("A verification is under way already. Wait for its result: it reads the whole trail.")


def ask(*, clerk_id: UUID, now: datetime) -> AuditVerification:
    """Raises VerificationUnderWay. Who asked is written down in the trail itself."""
    _give_up(AuditVerification.objects.filter(is_under_way=True), now=now)
    expected = AuditShard.objects.aggregate(all=Sum("sequence"))["all"] or 0
    try:
        with transaction.atomic():
            run = AuditVerification.objects.create(clerk_id=clerk_id, asked_at=now, touched_at=now, expected=expected)
            audit.note(VERIFY, door=Door.OFFICE, code=audit.DONE, user_id=clerk_id, resource_id=run.pk)
            nudge.after_commit(WORD)
    except IntegrityError:
        raise VerificationUnderWay from None
    return run


def run_waiting(*, now: datetime) -> AuditVerification | None:
    """Take the run that waits, if any, and finish it. Two workers at once: one takes it."""
    # Nobody can ask while one seems to be under way.
    _give_up(AuditVerification.objects.filter(state=State.RUNNING), now=now)
    run = AuditVerification.objects.filter(state=State.WAITING).first()
    if run is None or not _take(run, now=now):
        return None
    try:
        seals.seal(now=now)
        verdict = verification.verify(now=now, report=partial(_report, run.pk))
    except Exception:
        log.exception("audit.not_verified", verification=str(run.pk))
        _end(run, State.FAILED)
        raise
    _conclude(run, verdict)
    return run


def _take(run: AuditVerification, *, now: datetime) -> bool:
    waiting = AuditVerification.objects.filter(pk=run.pk, state=State.WAITING)
    return waiting.update(state=State.RUNNING, touched_at=now) == 1


def _report(run_id: UUID, lines: int) -> None:
    AuditVerification.objects.filter(pk=run_id, state=State.RUNNING).update(lines=lines, touched_at=clock.now())


def _conclude(run: AuditVerification, verdict: Verdict) -> None:
    head = AuditHead.objects.order_by("-id").first()
    told = [
        {"kind": one.kind, "shard": one.shard, "place": one.place, "detail": one.detail} for one in verdict.problems
    ]
    AuditVerification.objects.filter(pk=run.pk, state=State.RUNNING).update(
        lines=verdict.lines, problems=told, head=head.head if head else "", head_at=head.at if head else None
    )
    if told:
        log.error("audit.broken", verification=str(run.pk), problems=len(told))
    _end(run, State.BROKEN if told else State.WHOLE)


def _end(run: AuditVerification, state: AuditVerification.State) -> None:
    now = clock.now()
    running = AuditVerification.objects.filter(pk=run.pk, state=State.RUNNING)
    running.update(state=state, is_under_way=False, touched_at=now, ended_at=now)


def _give_up(runs: QuerySet[AuditVerification], *, now: datetime) -> None:
    """Those that are lost. Whoever asks gives up one that waits, too: where no worker runs, it would for ever."""
    runs.filter(touched_at__lt=now - LOST_AFTER).update(state=State.FAILED, is_under_way=False, ended_at=now)
