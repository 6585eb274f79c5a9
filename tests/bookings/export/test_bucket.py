"""Files in an S3 bucket, by the real client over loopback, and settings that name one."""

from collections.abc import Iterator
from typing import Any

import pytest

from bookings.export.services import purge
from movmo import file_storage
from movmo.env import Misconfigured
from movmo.operations.models import UsageCount
from partners.partner.models import Partner
from tests.bookings.export.bucket import Bucket, a_bucket
from tests.bookings.export.scene import body, fetched, link_to, made, ordered, rows_of, usage, with_key, written
from tests.conftest import StoppedClock

SETTINGS = {
    "MOVMO_EXPORTS_S3_BUCKET": "exports",
    "MOVMO_EXPORTS_S3_REGION": "eu-central-1",
    "MOVMO_EXPORTS_S3_PREFIX": "movmo",
    "MOVMO_EXPORTS_S3_ACCESS_KEY_ID": "key-id",
    "MOVMO_EXPORTS_S3_SECRET_ACCESS_KEY": "s3-secret",
}


@pytest.fixture
def bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    with a_bucket() as bucket:
        for name, value in {**SETTINGS, "MOVMO_EXPORTS_S3_ENDPOINT": bucket.endpoint}.items():
            monkeypatch.setenv(name, value)
        settings.STORAGES = {**settings.STORAGES, "exports": file_storage.exports()}
        yield bucket


@pytest.mark.django_db(transaction=True)
class TestABucket:
    def test_a_file_goes_there_and_comes_back(self, bucket: Bucket, aviare: Partner) -> None:
        usage(aviare, "search_flights", calls=12)
        key = with_key(aviare)
        export = made(key, "usage")
        assert list(bucket.objects) == [f"movmo/{export.file}"]
        answer = fetched(link_to(export, key))
        assert answer.headers["Content-Length"] == str(export.byte_count)
        assert [row["calls"] for row in rows_of(body(answer))] == ["12"]
        answer.close()
        assert bucket.unsigned == []

    def test_a_large_one_goes_in_parts_and_appears_whole(self, bucket: Bucket, aviare: Partner) -> None:
        rows = [
            UsageCount(partner_id=aviare.pk, day=f"20{n % 90 + 10}-03-01", operation=f"o{n:075}", calls=1)
            for n in range(90_000)
        ]
        UsageCount.objects.bulk_create(rows, batch_size=2_000)
        export = made(with_key(aviare), "usage")
        assert export.byte_count is not None and export.byte_count > 8 * 2**20
        assert len(bucket.parts) > 1
        assert len(bucket.objects[f"movmo/{export.file}"]) == export.byte_count

    def test_it_is_deleted_in_time(self, bucket: Bucket, aviare: Partner, clock: StoppedClock) -> None:
        made(with_key(aviare), "usage")
        clock.forward(days=7)
        assert purge(now=clock.now) == 1
        assert bucket.objects == {}

    def test_one_that_is_away_is_tried_again(self, bucket: Bucket, aviare: Partner, clock: StoppedClock) -> None:
        bucket.is_away = True
        export = made(with_key(aviare), "usage")
        assert (export.state, export.attempts) == ("ordered", 1)
        bucket.is_away = False
        clock.forward(minutes=1)
        assert written(export).state == "ready"
        assert list(bucket.objects) == [f"movmo/{export.pk}-2.csv"]

    def test_a_lost_object_is_said(self, bucket: Bucket, aviare: Partner) -> None:
        key = with_key(aviare)
        export = made(key, "usage")
        bucket.objects.clear()
        answer = fetched(link_to(export, key))
        assert (answer.status_code, answer.json()["code"]) == (500, "export_file_lost")

    def test_nothing_is_there_before_it_is_written(self, bucket: Bucket, aviare: Partner) -> None:
        ordered(with_key(aviare), "usage")
        assert (bucket.objects, bucket.asked) == ({}, [])


def test_without_a_bucket_files_are_in_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    assert file_storage.exports()["BACKEND"].endswith("FileSystemStorage")


@pytest.mark.parametrize("endpoint", ["s3.example.com", "https://s3.example.com/path", "ftp://s3.example.com"])
def test_an_endpoint_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("MOVMO_EXPORTS_S3_BUCKET", "exports")
    monkeypatch.setenv("MOVMO_EXPORTS_S3_ENDPOINT", endpoint)
    with pytest.raises(Misconfigured, match=r"^MOVMO_EXPORTS_S3_ENDPOINT must be like"):
        file_storage.exports()


def test_half_of_the_credentials_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOVMO_EXPORTS_S3_BUCKET", "exports")
    monkeypatch.setenv("MOVMO_EXPORTS_S3_ACCESS_KEY_ID", "key-id")
    monkeypatch.delenv("MOVMO_EXPORTS_S3_SECRET_ACCESS_KEY", raising=False)
    with pytest.raises(Misconfigured, match="belong together"):
        file_storage.exports()


def test_production_reaches_its_bucket_over_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOVMO_ENV", "production")
    monkeypatch.setenv("MOVMO_EXPORTS_S3_BUCKET", "exports")
    monkeypatch.setenv("MOVMO_EXPORTS_S3_ENDPOINT", "http://s3.example.com")
    with pytest.raises(Misconfigured, match="https:// in production"):
        file_storage.exports()
