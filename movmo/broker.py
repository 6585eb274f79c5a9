"""How Celery uses the broker that `MOVMO_BROKER_URL` names: Redis, RabbitMQ, or files under `var/` where there is none.

Messages hold ids and nothing else, and losing one costs delay, never work. So nothing here is about not losing them: it
is about not waiting for a broker, and about no task going round for ever.
"""

# The library is hardly typed.
# mypy: allow-untyped-calls

import time
from collections import defaultdict, deque
from pathlib import Path
from queue import Empty
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from kombu.entity import Queue
from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

log = structlog.get_logger()

# Longer than any task may run, so that Redis gives no message to a second worker while the first is at it.
VISIBILITY_SECONDS = 60 * 60
# How often RabbitMQ hands out a message again whose worker was lost, before it drops it.
MOST_DELIVERIES = 4
POLL_SECONDS = 0.02


class Channel(filesystem.Channel):
    """The library's, with messages that appear whole and are read once: its own reader meets half-written files, and
    the worker ends on them (seen once in 12,000 messages). It also lists the folder again for each message."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._listed: dict[str, deque[Path]] = defaultdict(deque)

    def _put(self, queue: str, message: Any, **_: Any) -> None:  # type: ignore[override]  # its two bases disagree
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns():020}_{uuid4()}.{queue}.msg"
        aside = folder / f"{name}.part"
        aside.write_text(dumps(message))
        aside.rename(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        waiting = self._listed[queue]
        if not waiting:
            there = Path(self.data_folder_in).iterdir()
            waiting.extend(sorted(file for file in there if file.name.partition(".")[2] == f"{queue}.msg"))
        while waiting:
            file = waiting.popleft()
            taken = file.with_suffix(".taken")
            try:
                file.rename(taken)
            except FileNotFoundError:
                continue  # another worker was faster
            text = taken.read_text(errors="replace")
            taken.unlink()
            try:
                return loads(text)
            except ValueError:  # a machine that lost its power leaves empty files; no message is worth a worker
                log.warning("broker.unreadable", message=file.name)
        raise Empty


class Transport(filesystem.Transport):
    Channel = Channel


def options(url: str, *, queue: str, folder: Path) -> dict[str, Any]:
    """Celery's settings for the broker at this address; `folder` is for the one that is files."""
    scheme = urlsplit(url).scheme
    if scheme.startswith("amqp"):
        arguments = {"x-queue-type": "quorum", "x-delivery-limit": MOST_DELIVERIES}
        return {"broker_url": url, "task_queues": [Queue(queue, routing_key=queue, queue_arguments=arguments)]}
    if scheme.startswith("redis"):
        patience = {"visibility_timeout": VISIBILITY_SECONDS, "socket_connect_timeout": 2, "socket_timeout": 30}
        return {"broker_url": url, "broker_transport_options": {**patience, "global_keyprefix": f"{queue}:"}}
    return {
        "broker_url": "filesystem://localhost",
        "broker_transport": f"{__name__}:Transport",
        "broker_transport_options": {
            "data_folder_in": str(_made(folder / "messages")),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(_made(folder / "control")),
            "polling_interval": POLL_SECONDS,
        },
    }


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
