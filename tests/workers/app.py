"""Movmo's own workers, with a few tasks that are wicked: `celery -A tests.workers.app worker`."""

from movmo.celery import app

app.conf.include = [*app.conf.include, "tests.workers.toys"]
