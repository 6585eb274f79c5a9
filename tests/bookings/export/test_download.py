"""A signed link leads to the file, for a quarter of an hour, as long as whoever made it still may."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from django.contrib.auth.models import Group, Permission
from django.core import signing
from django.test import Client

from bookings.export import links, pages
from bookings.export.links import ExportFileGone, ExportNotReady, Maker
from bookings.export.models import Export
from bookings.export.schemas import DatasetName, Format, LinkView, StaffFilters
from bookings.export.services import link_for, place, prepared, purge
from movmo import roles
from movmo.accounts.models import User
from movmo.kit import clock as clock_now
from movmo.operations.context import Caller
from movmo.operations.dispatch import dispatch
from movmo.operations.models import AuditEvent
from partners.api_key import services as api_keys
from partners.api_key.models import ApiKey
from partners.partner.models import Partner
from tests import factories
from tests.bookings.export.scene import Folder, body, fetched, link_to, made, ordered, usage, with_key, written
from tests.conftest import StoppedClock
from tests.contract.world import new_key, the, view_of
from tests.office import clerk_with_app, entered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key(aviare: Partner) -> Caller:
    return with_key(aviare)


@pytest.fixture
def export(aviare: Partner, key: Caller) -> Export:
    usage(aviare, "search_flights", calls=12)
    return made(key, "usage")


def refusal(link: str, browser: Client | None = None) -> tuple[int, str]:
    answer = fetched(link, browser)
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert told["message"] and told["hint"]
    return answer.status_code, told["code"]


def test_the_file_comes_whole_with_its_name(export: Export, key: Caller, folder: Folder) -> None:
    answer = fetched(link_to(export, key))
    assert answer.status_code == 200
    assert body(answer) == folder.only()
    answer.close()
    taken = f"{export.as_of:%Y%m%dT%H%M%SZ}"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="movmo-usage-{taken}.csv"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Length"] == str(export.byte_count)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Repr-Digest"].startswith("sha-256=:")


def test_each_download_is_written_down(export: Export, key: Caller, aviare: Partner) -> None:
    link = link_to(export, key)
    for _ in range(2):
        fetched(link).close()
    lines = AuditEvent.objects.filter(operation="download_export", resource_id=export.pk)
    assert [(line.code, line.partner_id, line.door) for line in lines] == [("done", aviare.pk, "rest")] * 2
    made_link = AuditEvent.objects.filter(operation="create_export_link", phase="outcome").get()
    assert made_link.code == "done"
    token = link.partition("token=")[2]
    assert not [line for line in AuditEvent.objects.values() if token in str(line)]


def test_a_link_ends(export: Export, clock: StoppedClock, key: Caller) -> None:
    link = link_to(export, key)
    clock.forward(minutes=14, seconds=59)
    fetched(link).close()
    clock.forward(seconds=2)
    assert refusal(link) == (403, "export_link_expired")


@pytest.mark.parametrize("change", ["", "x", "e30", "abc:def"])
def test_a_link_that_was_changed_is_none(export: Export, key: Caller, change: str) -> None:
    whole, _, token = link_to(export, key).partition("token=")
    assert refusal(f"{whole}token={change}") == (403, "export_link_invalid")
    assert refusal(f"{whole}token={token[:-1]}") == (403, "export_link_invalid")
    assert refusal(f"{whole}token={token}{change or 'y'}") == (403, "export_link_invalid")
    assert refusal(whole) == (403, "export_link_invalid")


def test_a_link_is_good_for_a_quarter_of_an_hour_and_no_longer(
    export: Export, clock: StoppedClock, key: Caller
) -> None:
    told = view_of(LinkView, dispatch(the("create_export_link"), key, {"export_id": str(export.pk)}, new_key()))
    assert told.expires_at - clock.now == timedelta(minutes=15)
    link = link_to(export, key)
    clock.forward(minutes=15, microseconds=-1)
    fetched(link).close()
    clock.forward(microseconds=1)
    assert refusal(link) == (403, "export_link_expired")


@pytest.mark.parametrize("wanted", ["a later end", "another export", "another key", "a clerk"])
def test_what_a_link_says_is_signed(export: Export, key: Caller, kestrel: Partner, wanted: str) -> None:
    """Its text is no secret: whoever writes another into it has no signature to it."""
    other = made(key, "usage")
    address, _, token = link_to(export, key).partition("token=")
    text, _, signature = token.rpartition("%3A")
    told = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert told == {"e": export.pk.hex, "x": told["x"], "k": str(key.api_key_id).replace("-", "")}
    match wanted:
        case "a later end":
            told["x"] += 3600
        case "another export":
            told["e"], address = other.pk.hex, address.replace(str(export.pk), str(other.pk))
        case "another key":
            told["k"] = str(with_key(kestrel).api_key_id).replace("-", "")
        case "a clerk":
            told["c"] = str(clerk_with_app().pk).replace("-", "")
    forged = urlsafe_b64encode(orjson.dumps(told)).rstrip(b"=").decode()
    assert refusal(f"{address}token={forged}%3A{signature}") == (403, "export_link_invalid")
    same = urlsafe_b64encode(orjson.dumps(told | {"e": export.pk.hex})).rstrip(b"=").decode()
    assert refusal(f"{address}token={same}") == (403, "export_link_invalid")


def test_a_signature_for_something_else_of_ours_is_none(export: Export, key: Caller) -> None:
    told = {"e": export.pk.hex, "x": 99_999_999_999, "k": str(key.api_key_id).replace("-", "")}
    other = signing.Signer(salt="another.purpose").sign_object(told)
    assert refusal(f"/exports/{export.pk}/file?token={quote(other)}") == (403, "export_link_invalid")


def test_a_link_is_for_one_export(export: Export, key: Caller) -> None:
    other = made(key, "usage")
    link = link_to(export, key).replace(str(export.pk), str(other.pk))
    assert refusal(link) == (403, "export_link_invalid")


def test_a_link_ends_with_its_key(export: Export, key: Caller) -> None:
    link = link_to(export, key)
    api_keys.revoke(ApiKey.objects.get(pk=str(key.api_key_id)), now=clock_now.now())
    assert refusal(link) == (404, "not_found")
    line = AuditEvent.objects.get(operation="download_export")
    assert (line.code, line.resource_id) == ("not_found", export.pk)


def test_a_link_ends_with_its_partner(export: Export, key: Caller, aviare: Partner) -> None:
    link = link_to(export, key)
    Partner.objects.filter(pk=aviare.pk).update(is_active=False)
    assert refusal(link) == (404, "not_found")


def test_a_link_ends_with_the_plan_s_permission(export: Export, key: Caller, aviare: Partner) -> None:
    link = link_to(export, key)
    aviare.plan.allowed_operations = "get_usage"
    aviare.plan.save()
    assert refusal(link) == (404, "not_found")
    aviare.plan.allowed_operations = "create_export_link"
    aviare.plan.save()
    fetched(link).close()


def test_another_partner_s_key_makes_no_link_that_leads_anywhere(export: Export, kestrel: Partner) -> None:
    """Even one that we had signed by mistake."""
    stranger = Maker(api_key_id=with_key(kestrel).api_key_id)
    link = links.place(export.pk, stranger, until=clock_now.now() + timedelta(minutes=5))
    assert refusal(link) == (404, "not_found")
    of_live = Maker(api_key_id=with_key(Partner.objects.get(slug="aviare"), live=True).api_key_id)
    link = links.place(export.pk, of_live, until=clock_now.now() + timedelta(minutes=5))
    assert refusal(link) == (404, "not_found")


def test_no_link_before_there_is_a_file_or_after(key: Caller, clock: StoppedClock) -> None:
    export = ordered(key, "usage")
    arguments = {"export_id": str(export.pk)}
    with pytest.raises(ExportNotReady):
        dispatch(the("create_export_link"), key, arguments, new_key())
    link = link_to(written(export), key)
    Export.objects.update(file_expires_at=clock.now)
    purge(now=clock.now)
    with pytest.raises(ExportFileGone):
        dispatch(the("create_export_link"), key, arguments, new_key())
    assert refusal(link) == (404, "export_file_gone")


@pytest.mark.parametrize("harm", ["gone", "shorter"])
def test_a_file_that_is_not_as_it_was_written_is_not_sent(
    export: Export, key: Caller, folder: Folder, harm: str
) -> None:
    file = folder.finished / export.file
    file.unlink() if harm == "gone" else file.write_bytes(file.read_bytes()[:-1])
    assert refusal(link_to(export, key)) == (500, "export_file_lost")


@pytest.mark.parametrize(
    "path",
    ["/exports/../../etc/passwd/file", "/exports/%2e%2e%2f%2e%2e%2fetc/file", "/exports/x/file", "/exports//file"],
)
def test_paths_lead_nowhere_else(db: None, path: str) -> None:
    assert Client().get(path).status_code == 404


def test_it_is_read_and_nothing_else(export: Export, key: Caller) -> None:
    link = link_to(export, key)
    assert [Client().post(link).status_code, Client().delete(link).status_code] == [405, 405]


def a_link_of(partner: Partner) -> str:
    """With a key of its own."""
    key = with_key(partner)
    usage(partner, "search_flights", day=date(2027, 2, ApiKey.objects.count()))
    return link_to(made(key, "usage"), key)


def test_slow_readers_do_not_take_every_thread(db: None) -> None:
    *first, late = [a_link_of(factories.partner(f"slow-{number}")) for number in range(pages.AT_ONCE + 1)]
    slow = [fetched(link) for link in first]
    answer = fetched(late)
    assert (answer.status_code, answer.json()["code"]) == (429, "export_downloads_busy")
    assert answer.headers["Retry-After"] == "10"
    for one in slow:
        one.close()
        one.close()
    again = [fetched(link) for link in (late, *first[1:])]
    assert [one.status_code for one in again] == [200] * pages.AT_ONCE
    for one in again:
        one.close()


def test_a_partner_that_stops_reading_holds_up_nobody_else(aviare: Partner, kestrel: Partner) -> None:
    """Neither with another key nor with another export does it get a second place."""
    stalled = fetched(a_link_of(aviare))
    for _ in range(pages.AT_ONCE):
        assert refusal(a_link_of(aviare)) == (429, "export_downloads_busy")
    fetched(a_link_of(kestrel)).close()
    stalled.close()
    fetched(a_link_of(aviare)).close()


@pytest.mark.parametrize("harm", ["a changed link", "an ended key", "a lost file"])
def test_who_is_refused_holds_no_place(export: Export, key: Caller, folder: Folder, harm: str) -> None:
    link = refused = link_to(export, key)
    file = folder.finished / export.file
    match harm:
        case "a changed link":
            refused = f"{link}x"
        case "an ended key":
            ApiKey.objects.update(revoked_at=clock_now.now())
        case "a lost file":
            file.rename(file.with_suffix(".away"))
    for _ in range(pages.AT_ONCE + 1):
        assert refusal(refused)[0] in (403, 404, 500)
    ApiKey.objects.update(revoked_at=None)
    if harm == "a lost file":
        file.with_suffix(".away").rename(file)
    fetched(link).close()


class TestAClerksLink:
    @pytest.fixture
    def clerk(self, db: None) -> User:
        clerk = clerk_with_app("finance@movmo.example", is_superuser=False)
        clerk.user_permissions.set(
            Permission.objects.filter(codename__in=["add_export", "view_export", "export", "view_partner"])
        )
        return clerk

    @pytest.fixture
    def office(self, clerk: User) -> Client:
        return entered(Client(), clerk)

    @pytest.fixture
    def link(self, clerk: User, aviare: Partner, kestrel: Partner) -> str:
        for partner in (aviare, kestrel):
            usage(partner, "search_flights")
        made = prepared(
            User.objects.get(pk=clerk.pk),
            dataset=DatasetName.USAGE,
            format_=Format.CSV,
            filters=StaffFilters(),
            bom=False,
            now=clock_now.now(),
        )
        place(made)
        return link_for(User.objects.get(pk=clerk.pk), written(made), now=clock_now.now())

    def test_it_has_everybody_s_rows(self, office: Client, link: str, clerk: User) -> None:
        answer = fetched(link, office)
        assert body(answer).decode().count("search_flights") == 2
        answer.close()
        line = AuditEvent.objects.get(operation="download_export")
        assert (line.code, line.user_id, line.door, line.partner_id) == ("done", clerk.pk, "office", None)

    def test_it_has_a_place_beside_a_partner_that_stopped_reading(
        self, office: Client, link: str, aviare: Partner
    ) -> None:
        key = with_key(aviare)
        stalled = fetched(link_to(made(key, "usage"), key))
        with closing(fetched(link, office)):
            assert refusal(link, office) == (429, "export_downloads_busy")
        stalled.close()

    def test_it_is_nobody_else_s(self, link: str) -> None:
        assert refusal(link) == (404, "not_found")
        assert refusal(link, entered(Client(), clerk_with_app("other@movmo.example"))) == (404, "not_found")

    @pytest.mark.parametrize("loss", ["right", "list", "staff", "account"])
    def test_it_ends_with_what_the_clerk_may(self, office: Client, link: str, clerk: User, loss: str) -> None:
        match loss:
            case "right":
                clerk.user_permissions.remove(Permission.objects.get(codename="export"))
            case "list":
                clerk.user_permissions.remove(Permission.objects.get(codename="view_partner"))
            case "staff":
                User.objects.filter(pk=clerk.pk).update(is_staff=False)
            case "account":
                User.objects.filter(pk=clerk.pk).update(is_active=False)
        assert refusal(link, office) == (404, "not_found")

    def test_it_ends_with_the_clerk_s_role(self, clerk: User, aviare: Partner) -> None:
        clerk.user_permissions.clear()
        clerk.groups.set(Group.objects.filter(name=roles.FINANCE))
        browser, now = entered(Client(), clerk), clock_now.now()
        order = {"dataset": DatasetName.USAGE, "format_": Format.CSV, "filters": StaffFilters(), "bom": False}
        with_role = User.objects.get(pk=clerk.pk)
        made = prepared(with_role, now=now, **order)  # type: ignore[arg-type]
        place(made)
        link = link_for(with_role, written(made), now=now)
        fetched(link, browser).close()
        clerk.groups.clear()
        assert refusal(link, browser) == (404, "not_found")
        codes = AuditEvent.objects.filter(operation="download_export").order_by("id").values_list("code", flat=True)
        assert list(codes) == ["done", "not_found"]

    def test_a_partner_s_key_does_not_reach_it(self, link: str, aviare: Partner) -> None:
        export = Export.objects.get()
        maker = Maker(api_key_id=with_key(aviare).api_key_id)
        assert refusal(links.place(export.pk, maker, until=clock_now.now() + timedelta(minutes=5))) == (
            404,
            "not_found",
        )


def test_names_of_files_are_ids(export: Export, folder: Folder) -> None:
    assert Path(export.file).name == export.file
    assert export.file.startswith(str(export.pk))


def test_nothing_is_left_open(export: Export, key: Caller, recwarn: Any) -> None:
    fetched(link_to(export, key)).close()
    assert not [one for one in recwarn if issubclass(one.category, ResourceWarning)]
