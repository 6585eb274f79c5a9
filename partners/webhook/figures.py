"""What the dashboard tells of webhooks: how late they are, and what has been given up."""

from datetime import datetime

from django.db import connection

from movmo.operations.figures import Backlog, as_instant
from partners.webhook.models import WebhookDelivery, WebhookEndpoint


def deliveries(now: datetime, *, since: datetime) -> Backlog:
    """`given_up`: those that failed for good from `since` on."""
    # The states as text of the statement: SQLite takes a partial index for no parameter.
    statement = """
        SELECT COUNT(*), COUNT(CASE WHEN due_at <= %s THEN 1 END), MIN(CASE WHEN due_at <= %s THEN due_at END),
               (SELECT COUNT(*) FROM webhook_delivery WHERE state = 'failed' AND settled_at >= %s)
        FROM webhook_delivery WHERE state = 'waiting'
    """
    due = WebhookDelivery._meta.get_field("due_at")
    at, then = (due.get_db_prep_value(instant, connection) for instant in (now, since))
    with connection.cursor() as cursor:
        cursor.execute(statement, [at, at, then])
        waiting, late, oldest, failed = cursor.fetchone()
    return Backlog(waiting, late, as_instant(oldest), failed)


def failing_endpoints() -> int:
    """Those that are on, and have not taken a delivery since one failed."""
    return WebhookEndpoint.objects.filter(state=WebhookEndpoint.State.ENABLED, failing_since__isnull=False).count()
