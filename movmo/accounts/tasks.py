"""What people's pages leave behind. Two at once delete the same rows: harmless."""

from celery import shared_task

from movmo.accounts.privacy import purge


@shared_task(soft_time_limit=20 * 60, time_limit=25 * 60)
def purge_accounts() -> None:
    purge.run()
