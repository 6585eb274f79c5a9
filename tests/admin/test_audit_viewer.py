"""Staff read the audit trail call by call, and have it verified: one run at a time, and the result kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.export.models import Export
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.kit.ids import new_id
from movmo.operations import audit, seals
from movmo.operations.context import Door
from movmo.operations.models import AuditEvent, AuditSeal, AuditVerification
from movmo.operations.tasks import verify_audit
from movmo.operations.trail import services
from tests.contract.world import World
from tests.office import clerk_with_app, entered

LIST = "/admin/operations/auditevent/"
RUNS = "/admin/operations/auditverification/"
VERIFY = f"{RUNS}verify/"
State = AuditVerification.State


def desk_of(*permissions: str) -> Client:
    clerk = clerk_with_app("desk@movmo.example", is_superuser=False)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return entered(Client(), clerk)


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


@pytest.fixture
def trail(ana: User, bo: User) -> None:
    """Five lines, a day apart, the last of them yesterday."""
    told: list[dict[str, Any]] = [
        {"operation": "search_flights", "door": Door.REST, "code": "done", "user_id": ana.pk},
        {
            "operation": "create_booking",
            "door": Door.MCP,
            "code": "offer_stale",
            "user_id": ana.pk,
            "client_id": "scout",
        },
        {"operation": "create_booking", "door": Door.REST, "code": "done", "user_id": bo.pk},
        {"operation": "get_booking", "door": Door.MCP, "code": "done", "user_id": bo.pk, "client_id": "scout"},
        {"operation": "reveal_personal", "door": Door.OFFICE, "code": "done", "user_id": new_id()},
    ]
    for days, line in zip(range(5, 0, -1), told, strict=True):
        at, call_id = clock.now() - timedelta(days=days), new_id()
        written = {"id": seals.first_id_of(at), "at": at, "phase": "outcome", "shard": audit.shard_of(call_id)}
        AuditEvent.objects.create(call_id=call_id, **written, **line)


def found(office: Client, **filters: str) -> list[str]:
    answer = office.get(LIST, filters)
    assert answer.status_code == 200
    return [f"{line.operation} {line.code}" for line in answer.context["cl"].result_list]


@pytest.mark.usefixtures("trail")
class TestFilters:
    @pytest.mark.parametrize(
        ("filters", "lines"),
        [
            ({"user": "ana@example.com"}, ["create_booking offer_stale", "search_flights done"]),
            ({"user": "nobody@example.com"}, []),
            ({"client": "scout"}, ["get_booking done", "create_booking offer_stale"]),
            ({"operation": "create_booking"}, ["create_booking done", "create_booking offer_stale"]),
            ({"code": "offer_stale"}, ["create_booking offer_stale"]),
            ({"door": "office"}, ["reveal_personal done"]),
            ({"client": "scout", "code": "done"}, ["get_booking done"]),
            ({"operation": "create_"}, []),
            ({"since": "not a day"}, []),
        ],
    )
    def test_find_whole_values(self, office: Client, filters: dict[str, str], lines: list[str]) -> None:
        assert found(office, **filters) == lines

    def test_a_user_is_found_by_their_id(self, office: Client, bo: User) -> None:
        assert found(office, user=str(bo.pk)) == ["get_booking done", "create_booking done"]

    def test_a_period_is_of_whole_days(self, office: Client) -> None:
        day = (clock.now() - timedelta(days=3)).date().isoformat()
        assert found(office, since=day, until=day) == ["create_booking done"]
        assert found(office, since=day) == ["reveal_personal done", "get_booking done", "create_booking done"]
        assert found(office, until=day) == ["create_booking done", "create_booking offer_stale", "search_flights done"]

    def test_nothing_is_counted(self, office: Client) -> None:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            found(office, operation="create_booking")
        of_trail = [one["sql"] for one in asked if "audit_event" in one["sql"]]
        assert of_trail
        assert [sql for sql in of_trail if "COUNT(" in sql.upper()] == []

    def test_whoever_may_not_see_the_trail_sees_none_of_it(self, trail: None) -> None:
        assert desk_of("view_user").get(LIST).status_code == 403


def test_each_filter_has_its_index() -> None:
    first = {index.fields[0] for index in AuditEvent._meta.indexes if index.fields[1:] == ["id"]}
    assert first >= {"user_id", "partner_id", "client_id", "operation", "code", "door"}


@pytest.mark.django_db
def test_a_call_is_one_page_with_its_intent_and_its_outcome(office: Client, world: World) -> None:
    world.booking()
    lines = AuditEvent.objects.filter(operation="create_booking").order_by("id")
    seals.seal(now=clock.now())
    for line in lines:
        page = office.get(f"{LIST}{line.pk}/change/").content.decode()
        assert page.count("Sealed in chain and place") == len(lines) == 2
        assert "<strong>Intent</strong>" in page
        assert "<strong>Outcome</strong>" in page
        assert "expected_total" in page


@pytest.mark.django_db
def test_what_was_redacted_stays_so(office: Client, world: World) -> None:
    document = world.document()
    line = AuditEvent.objects.filter(operation="create_identity_document", phase="intent").get()
    page = office.get(f"{LIST}{line.pk}/change/").content.decode()
    assert "[redacted]" in page
    assert document.number not in page


@pytest.mark.django_db
class TestTheWayToAnExport:
    def test_has_the_filters(self, office: Client, ana: User) -> None:
        page = office.get(LIST, {"user": ana.email, "code": "done", "since": "2027-02-01"}).content.decode()
        assert f"user={ana.pk}&amp;code=done&amp;first_day=2027-02-01&amp;dataset=audit" in page

    def test_of_somebody_unknown_does_not_lead_to_everybody_s_lines(self, office: Client) -> None:
        page = office.get(LIST, {"user": "nobody@example.com"}).content.decode()
        assert "user=nobody%40example.com&amp;dataset=audit" in page
        form = {"rows_of": "audit", "format": "csv", "user": "nobody@example.com"}
        refused = office.post("/admin/bookings/export/add/", form)
        assert (refused.status_code, Export.objects.count()) == (200, 0)

    def test_is_not_there_for_whoever_may_not_export(self) -> None:
        assert "Export these" not in desk_of("view_auditevent").get(LIST).content.decode()


@pytest.mark.django_db(transaction=True)
class TestVerifying:
    def test_a_whole_trail_is_found_whole(self, office: Client, trail: None) -> None:
        seals.seal(now=clock.now())
        seals.sign(now=clock.now())
        assert office.post(VERIFY).status_code == 302
        assert "Waiting for a worker" in office.get(RUNS).content.decode()
        verify_audit()
        run = AuditVerification.objects.get()
        assert (run.state, run.is_under_way, run.problems) == (State.WHOLE, False, [])
        assert run.lines == AuditEvent.objects.count()
        assert run.head.startswith(seals.FORMAT)
        listed = office.get(RUNS).content.decode()
        assert 'font-semibold text-green-700 dark:text-green-400">whole' in listed
        assert "chief@movmo.example" in listed
        assert run.head in office.get(f"{RUNS}{run.pk}/change/").content.decode()
        assert "whole" in office.get(LIST).content.decode()

    def test_a_changed_line_is_told_with_its_place(self, office: Client, trail: None) -> None:
        seals.seal(now=clock.now())
        line = AuditEvent.objects.filter(code="offer_stale").get()
        place = AuditSeal.objects.get(event_id=line.pk).sequence
        AuditEvent.objects.filter(pk=line.pk).update(code="done")
        office.post(VERIFY)
        verify_audit()
        run = AuditVerification.objects.get()
        assert run.state == State.BROKEN
        assert [(one["kind"], one["shard"]) for one in run.problems] == [("changed", line.shard)]
        page = office.get(f"{RUNS}{run.pk}/change/").content.decode()
        assert f"changed in chain {line.shard} at {place}" in page
        assert "text-red-700" in page

    def test_who_asked_is_in_the_trail_itself(self, office: Client) -> None:
        office.post(VERIFY)
        chief = User.objects.get(email="chief@movmo.example")
        line = AuditEvent.objects.get(operation="verify_audit")
        assert (line.user_id, line.resource_id) == (chief.pk, AuditVerification.objects.get().pk)

    def test_a_second_is_refused_while_one_is_under_way(self, office: Client) -> None:
        office.post(VERIFY)
        told = office.post(VERIFY, follow=True).content.decode()
        assert "A verification is under way already" in told
        assert AuditVerification.objects.count() == 1
        verify_audit()
        office.post(VERIFY)
        assert AuditVerification.objects.count() == 2

    def test_one_whose_worker_is_lost_stands_in_nobody_s_way(self, office: Client) -> None:
        office.post(VERIFY)
        lost = AuditVerification.objects.get()
        long_ago = clock.now() - services.LOST_AFTER - timedelta(seconds=1)
        AuditVerification.objects.update(state=State.RUNNING, touched_at=long_ago)
        office.post(VERIFY)
        lost.refresh_from_db()
        assert (lost.state, lost.is_under_way) == (State.FAILED, False)
        assert AuditVerification.objects.filter(state=State.WAITING).count() == 1

    def test_the_next_worker_gives_it_up_so_that_the_button_comes_back(self, office: Client) -> None:
        office.post(VERIFY)
        now = clock.now()
        AuditVerification.objects.update(state=State.RUNNING, touched_at=now)
        services.run_waiting(now=now + services.LOST_AFTER)
        assert AuditVerification.objects.get().is_under_way
        services.run_waiting(now=now + services.LOST_AFTER + timedelta(seconds=1))
        assert AuditVerification.objects.get().state == State.FAILED
        assert "<form" in office.get(RUNS).content.decode()

    def test_two_workers_run_it_once(self, office: Client) -> None:
        office.post(VERIFY)
        run = AuditVerification.objects.get()
        assert services._take(run, now=clock.now())
        assert not services._take(run, now=clock.now())
        assert services.run_waiting(now=clock.now()) is None

    def test_it_is_asked_for_by_post_alone(self, office: Client) -> None:
        assert office.get(VERIFY).status_code == 405
        assert not AuditVerification.objects.exists()

    def test_whoever_may_only_look_sees_the_result_and_no_button(self, trail: None) -> None:
        looker = desk_of("view_auditverification", "view_auditevent")
        assert 'action="/admin/operations/auditverification/verify/"' not in looker.get(RUNS).content.decode()
        assert looker.post(VERIFY).status_code == 403
        assert not AuditVerification.objects.exists()

    def test_whoever_may_has_the_button(self) -> None:
        verifier = desk_of("view_auditverification", "verify_audit")
        assert 'action="/admin/operations/auditverification/verify/"' in verifier.get(RUNS).content.decode()
        assert verifier.post(VERIFY).status_code == 302
