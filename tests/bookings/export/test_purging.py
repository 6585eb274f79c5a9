"""A file whose time is over is gone in the end, also where it could not be deleted at once."""

from typing import Any

import pytest

from bookings.export import storage
from bookings.export.models import Export
from bookings.export.services import purge
from partners.partner.models import Partner
from tests.bookings.export.scene import Folder, made, with_key
from tests.conftest import StoppedClock

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_that_cannot_be_deleted_is_tried_again_and_stops_no_other(
    aviare: Partner, folder: Folder, clock: StoppedClock, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MOVMO_EXPORT_DAYS = 1
    key = with_key(aviare)
    exports = [made(key, "usage") for _ in range(3)]
    stuck, forget = exports[1].file, storage.forget

    def fails_once(name: str) -> None:
        if name == stuck:
            raise OSError("the storage is away")
        forget(name)

    clock.forward(days=1)
    with monkeypatch.context() as broken:
        broken.setattr(storage, "forget", fails_once)
        assert purge(now=clock.now) == 2
    assert folder.names == [stuck]
    assert {one.state for one in Export.objects.all()} == {"expired"}
    assert purge(now=clock.now) == 1
    assert folder.names == []
    assert not Export.objects.exclude(file="").exists()
    assert purge(now=clock.now) == 0
