"""The workers: `celery -A movmo worker`, and one `celery -A movmo beat` for all of them.

A message is a word that there may be something to do; what there is to do stands in the database. Tasks are shallow,
their arguments are ids, and each of them may run twice: what they call is guarded by leases, fences and conditional
updates. The sweeps of the schedule find everything that no message tells of.
"""

# The library is hardly typed.
# mypy: allow-untyped-calls

import os
import time
from threading import Thread
from typing import Any

from celery import Celery, signals
from celery.schedules import crontab
from django.conf import settings

from movmo import broker
from movmo.env import Misconfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movmo.settings")

# A task works under leases of 60 s. The limits are longer: whoever reaches one has lost its lease already, and what it
# held is free for the next, so ending it takes nothing from anybody. Calls of providers, vaults and mail servers have
# shorter limits of their own. Threads cannot be interrupted: only worker processes (prefork) are held to these.
SOFT_SECONDS = 90
HARD_SECONDS = 120
# A word that nobody heard for so long is not news any more.
STALE_SECONDS = 10

TASKS = [
    "movmo.operations.tasks",
    "bookings.booking.tasks",
    "bookings.export.tasks",
    "bookings.offer.tasks",
    "bookings.payment_method.tasks",
    "bookings.reconciliation.alarm.tasks",
    "bookings.reconciliation.pull.tasks",
    "bookings.reconciliation.tasks",
    "movmo.accounts.tasks",
    "partners.batch.tasks",
    "partners.event.tasks",
    "partners.oauth.tasks",
    "partners.webhook.tasks",
    "checkout_widget.session.tasks",
]
# Who is woken by which word of movmo.operations.nudge.
WAKES = {
    "outbox": "movmo.operations.tasks.drain_outbox",
    "bookings": "bookings.booking.tasks.sweep",
    "batches": "partners.batch.tasks.run_due",
    "webhooks": "partners.webhook.tasks.deliver_due",
    "exports": "bookings.export.tasks.make_due",
    "audit": "movmo.operations.tasks.verify_audit",
}


def _every(seconds: float, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"expires": max(2 * seconds, STALE_SECONDS)}}


def _nightly(hour: int, minute: int, task: str) -> dict[str, Any]:
    """In UTC. Late is better than not at all, until the next night."""
    return {"task": task, "schedule": crontab(hour=hour, minute=minute), "options": {"expires": 20 * 60 * 60}}


SCHEDULE = {
    "drain the outbox": _every(1, "movmo.operations.tasks.drain_outbox"),
    "drive bookings on": _every(2, "bookings.booking.tasks.sweep"),
    "deliver webhooks": _every(5, "partners.webhook.tasks.deliver_due"),
    "read statements": _every(5, "bookings.reconciliation.tasks.sweep_statements"),
    "tidy statements": _every(60 * 60, "bookings.reconciliation.tasks.tidy_statements"),
    "write exports": _every(5, "bookings.export.tasks.make_due"),
    "purge exports": _every(60 * 60, "bookings.export.tasks.purge_exports"),
    "run batches": _every(5, "partners.batch.tasks.run_due"),
    "purge batches": _every(60 * 60, "partners.batch.tasks.purge_batches"),
    "tell of offers that expired": _every(60, "bookings.offer.tasks.expire_offers"),
    "drive checkouts on": _every(5, "checkout_widget.session.tasks.sweep"),
    "tell of unknown bookings": _every(60, "bookings.reconciliation.alarm.tasks.raise_alarms"),
    "purge offers": _every(60 * 60, "bookings.offer.tasks.purge_offers"),
    "forget old events": _every(60 * 60, "partners.event.tasks.forget_old_events"),
    "seal the audit trail": _every(5, "movmo.operations.tasks.seal_audit"),
    "sign the audit trail": _every(5 * 60, "movmo.operations.tasks.sign_audit"),
    "verify the audit trail if asked": _every(15, "movmo.operations.tasks.verify_audit"),
    "archive the audit trail": _nightly(4, 30, "movmo.operations.tasks.archive_audit"),
    "clean up": _every(60 * 60, "movmo.operations.tasks.clean_up"),
    "let vaults forget cards": _every(5 * 60, "bookings.payment_method.tasks.redact_cards"),
    "tell of cards that expire": _nightly(8, 10, "bookings.payment_method.tasks.card_notices"),
    "pull statements": _nightly(3, 30, "bookings.reconciliation.pull.tasks.pull_statements"),
    "purge sessions": _nightly(2, 10, "movmo.accounts.tasks.purge_accounts"),
    "purge provider calls": _nightly(2, 30, "bookings.booking.tasks.purge_provider_calls"),
    "purge checkouts": _nightly(2, 20, "checkout_widget.session.tasks.purge_checkouts"),
    "purge tokens": _nightly(2, 40, "partners.oauth.tasks.purge_oauth"),
}

try:
    _broker = broker.options(settings.MOVMO_BROKER_URL, queue=settings.MOVMO_QUEUE, folder=settings.MOVMO_BROKER_FILES)
except Misconfigured as failure:
    raise SystemExit(str(failure)) from None

app = Celery("movmo", include=TASKS)
app.conf.update(
    **_broker,
    task_default_queue=settings.MOVMO_QUEUE,
    # Acknowledged when done: what a lost worker had taken comes again. If it was the message that killed it, not for
    # ever: `task_reject_on_worker_lost` would go round without end, a retry ends after `max_retries`.
    task_acks_late=True,
    task_retry_on_worker_lost=True,
    task_annotations={"*": {"max_retries": 3, "default_retry_delay": 0}},
    worker_lost_wait=2,  # seconds in which a lost process may still be heard of
    worker_prefetch_multiplier=1,
    task_soft_time_limit=SOFT_SECONDS,
    task_time_limit=HARD_SECONDS,
    task_ignore_result=True,
    accept_content=["json"],
    task_serializer="json",
    # A worker waits for its broker as long as it takes; whoever publishes gives up soon.
    broker_connection_timeout=2,
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0},
    # Nothing is asked of workers over the broker: the tables say what waits, and the log what went wrong.
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    beat_schedule=SCHEDULE,
    beat_schedule_filename=str(settings.MOVMO_BEAT_FILE),
    timezone="UTC",
)


@signals.setup_logging.connect
def keep_our_logs(**_: Any) -> None:
    """Somebody who listens keeps Celery from setting logs up in its own way, past the mask."""


@signals.beat_embedded_init.connect
def end_with_the_worker(**_: Any) -> None:
    """The clock of `worker -B` is a process of its own. One whose worker was killed would go on for ever, beside the
    clock of the next worker.
    """
    Thread(target=_end_after, args=(os.getppid(),), name="clock-watch", daemon=True).start()


def _end_after(worker: int) -> None:
    while os.getppid() == worker:
        time.sleep(1)
    os._exit(1)


def wake(name: str) -> None:
    """Send the word. Raises what the broker's library raises."""
    app.send_task(WAKES[name], expires=STALE_SECONDS, expiration=STALE_SECONDS)
