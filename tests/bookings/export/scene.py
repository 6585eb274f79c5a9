"""Exports as partners and staff order them, and the rows that are in them."""

import csv
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from django.test import Client

from bookings.booking.models import Booking
from bookings.export import making
from bookings.export.models import Export
from bookings.export.schemas import ExportView, LinkView
from movmo.kit import clock
from movmo.operations.context import Caller
from movmo.operations.dispatch import dispatch
from movmo.operations.models import UsageCount
from partners.api_key.models import ApiKey
from partners.partner.models import Partner
from tests import factories
from tests.contract.world import new_key, the, view_of

DAY = date(2027, 2, 28)


@dataclass(frozen=True)
class Folder:
    """Where files are by the test's settings."""

    finished: Path
    aside: Path

    @classmethod
    def of(cls, settings: Any, tmp_path: Path) -> "Folder":
        made = cls(tmp_path / "exports", tmp_path / "unfinished")
        settings.STORAGES = {
            **settings.STORAGES,
            "exports": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": str(made.finished), "file_permissions_mode": 0o600},
            },
        }
        settings.MOVMO_EXPORTS_ASIDE = made.aside
        return made

    @property
    def names(self) -> list[str]:
        return sorted(file.name for file in self.finished.iterdir()) if self.finished.exists() else []

    def only(self) -> bytes:
        """The one file that there is."""
        (name,) = self.names
        return (self.finished / name).read_bytes()


def with_key(partner: Partner, *, live: bool = False) -> Caller:
    """A call with a key that is really there, as a download asks for it."""
    from movmo.operations.context import Door

    factories.api_key(partner, live=live)
    key = ApiKey.objects.filter(partner=partner, is_live=live).latest("id")
    return Caller(door=Door.REST, partner_id=partner.pk, api_key_id=key.pk, is_live_key=live)


def ordered(caller: Caller, dataset: str = "bookings", **arguments: Any) -> Export:
    answer = dispatch(the("create_export"), caller, {"dataset": dataset, **arguments}, new_key())
    return Export.objects.get(pk=view_of(ExportView, answer).export_id)


def written(export: Export) -> Export:
    """After a worker came by."""
    making.make_due(clock=clock.now)
    export.refresh_from_db()
    return export


def made(caller: Caller, dataset: str = "bookings", **arguments: Any) -> Export:
    return written(ordered(caller, dataset, **arguments))


def link_to(export: Export, caller: Caller) -> str:
    """A new link, without its origin: the test client is its own."""
    arguments = {"export_id": str(export.pk)}
    url = urlsplit(view_of(LinkView, dispatch(the("create_export_link"), caller, arguments, new_key())).url)
    return f"{url.path}?{url.query}"


def fetched(link: str, browser: Client | None = None) -> Any:
    return (browser or Client()).get(link)


def body(answer: Any) -> bytes:
    return b"".join(cast(Any, answer).streaming_content)


def rows_of(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(file.decode("utf-8-sig"), newline="")))


def usage(partner: Partner, operation: str, *, calls: int = 1, day: date = DAY) -> UsageCount:
    return UsageCount.objects.create(partner_id=partner.pk, day=day, operation=operation, calls=calls, refused=0)


def changed(booking_id: Any, **columns: Any) -> None:
    Booking.objects.filter(pk=booking_id).update(**columns)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
