"""What the authorization server need not keep. It locks before it deletes, so two at once are harmless."""

from celery import shared_task

from movmo.kit import clock
from partners.oauth.purge import purge


@shared_task(soft_time_limit=20 * 60, time_limit=25 * 60)
def purge_oauth() -> None:
    purge(now=clock.now())
