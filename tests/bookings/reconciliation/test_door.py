"""A partner's key reconciles the partner's own statements, and reaches no others."""

import asyncio
import base64
import gzip
import io
from typing import Any

import pytest
from django.test import Client

from bookings.catalogue.modes import ProviderNotForKey
from bookings.reconciliation import receiving, services
from bookings.reconciliation.door.schemas import DiscrepancyList, DiscrepancyView, RunList, RunView, StatementView
from bookings.reconciliation.models import Discrepancy, Statement
from bookings.reconciliation.refusals import PeriodLocked, StatementHasBadLines, StatementTooLarge, StatementUnreadable
from bookings.reconciliation.resolution import countersigning, ending
from bookings.reconciliation.resolution.models import Countersignature
from bookings.reconciliation.resolution.refusals import DiscrepancyStateInvalid, NotForPartners
from movmo.kit import clock, http
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.kit.http import BodyTooLarge
from movmo.operations.context import Caller, Door
from movmo.operations.models import AuditEvent, Event
from movmo.rest.media import largest_body
from partners.partner.models import Partner
from partners.webhook.models import WebhookDelivery
from tests.admin.finance import clerk
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.trade import bought
from tests.contract.world import World, view_of
from tests.partners import hooks

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = "kind,ticket_number,currency,gross\n"
WHY = "the airline has agreed to correct it"


def sent(world: World, text: str, *, packed: bool = False, **changes: Any) -> StatementView:
    file = gzip.compress(text.encode()) if packed else text.encode()
    day = clock.now().date().isoformat()
    about = {"provider": "sandbox", "file_name": "today.csv", "period_start": day, "period_end": day}
    content = base64.b64encode(file).decode()
    return view_of(StatementView, world.call("create_statement", content=content, **{**about, **changes}))


def advanced(told: StatementView, world: World) -> StatementView:
    services.advance(told.statement_id, clock=clock.now)
    return view_of(StatementView, world.call("get_statement", statement_id=str(told.statement_id)))


@pytest.mark.parametrize("packed", [False, True])
def test_from_a_file_to_its_discrepancies(world: World, packed: bool) -> None:
    ticket = bought(world).documents[0].number
    bought(world)
    told = sent(world, f"{HEADER}sale,{ticket},EUR,1.00\n# lines 1\n", packed=packed)
    assert told.is_undecided()
    staged = advanced(told, world)
    assert (staged.status, staged.lines, staged.bad, staged.totals["EUR"]["gross_minor"]) == ("staged", 1, 0, 100)
    world.call("accept_statement", statement_id=str(told.statement_id))
    assert advanced(told, world).status == "reconciled"
    found = view_of(DiscrepancyList, world.call("list_discrepancies", statement_id=str(told.statement_id))).data
    assert sorted(one.category for one in found) == ["amount_mismatch", "missing_at_provider"]
    (run,) = view_of(RunList, world.call("list_reconciliation_runs")).data
    assert view_of(RunView, world.call("get_reconciliation_run", run_id=str(run.run_id))) == run
    event = Event.objects.get(subject_id=told.statement_id)
    assert (event.type, event.partner_id, event.payload["new"]) == (
        "reconciliation.completed.v1",
        world.caller.partner_id,
        2,
    )
    ordered = view_of(RunView, world.call("run_reconciliation", statement_id=str(told.statement_id)))
    assert (ordered.number, ordered.status) == (2, "running")
    advanced(told, world)
    again = view_of(RunView, world.call("get_reconciliation_run", run_id=str(ordered.run_id)))
    assert (again.status, again.new, again.same) == ("done", 0, 2)
    assert Event.objects.filter(subject_id=told.statement_id).count() == 2


def test_the_same_file_is_the_same_statement(world: World) -> None:
    first, again = (sent(world, f"{HEADER}sale,1,EUR,1.00\n# lines 1\n") for _ in range(2))
    assert again.statement_id == first.statement_id


def test_bad_lines_are_told_by_their_numbers(world: World) -> None:
    lines = "sale,0002400000001,EUR,1.00\nsale,0002400000002,EUR,1.005\nsale,0002400000003,XXQ,1.00\n"
    staged = advanced(sent(world, f"{HEADER}{lines}# lines 3\n"), world)
    assert [one.line for one in staged.errors] == [3, 4]
    with pytest.raises(StatementHasBadLines):
        world.call("accept_statement", statement_id=str(staged.statement_id))
    world.call("accept_statement", statement_id=str(staged.statement_id), without_bad_lines=True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [(HEADER.replace(",", ";") + "# lines 0\n", "delimiter"), (f"{HEADER}sale,1,EUR,1.00\n", "truncated")],
)
def test_a_file_of_no_use_is_refused_and_nothing_is_kept(world: World, text: str, problem: str) -> None:
    with pytest.raises(StatementUnreadable) as refusal:
        sent(world, text)
    assert refusal.value.facts["problem"] == problem
    assert not Statement.objects.exists()


def test_what_is_no_file_is_refused(world: World) -> None:
    day = clock.now().date().isoformat()
    about = {"provider": "sandbox", "file_name": "today.csv", "period_start": day, "period_end": day}
    for content in ("abc", base64.b64encode(b"\x1f\x8bhalf a gzip").decode()):
        with pytest.raises(InvalidArguments):
            world.call("create_statement", content=content, **about)


def test_a_bomb_is_stopped_at_the_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "PARTNERS_MOST_BYTES", 1_000_000)
    with pytest.raises(StatementTooLarge):
        sent(world, HEADER + "sale,1,EUR,1.00\n" * 100_000, packed=True)
    assert not Statement.objects.exists()


def test_two_gigabytes_are_refused_before_they_are_read(client: Client) -> None:
    """By the bridge to Django, which would read the body first; and by the view, where another server bridges."""

    class Unread(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("it was read")

    async def receives() -> Any:
        raise AssertionError("it was read")

    limit = largest_body("/v1/reconciliation/statements")
    with pytest.raises(BodyTooLarge):
        asyncio.run(http.read_body(receives, str(2 * 1024**3).encode(), seconds=1, limit=limit))
    headers: dict[str, Any] = {"CONTENT_LENGTH": str(2 * 1024**3), "wsgi.input": Unread()}
    answer = client.post("/v1/reconciliation/statements", content_type="application/json", **headers)
    assert (answer.status_code, answer.json()["code"], limit) == (413, "body_too_large", 8 * 1024**2)
    assert str(limit) in answer.json()["message"]


def test_a_webhook_tells_the_end(world: World, aviare: Partner) -> None:
    hooks.endpoint(aviare, event_types=["reconciliation.completed.v1"])
    told = sent(world, f"{HEADER}sale,0002400000001,EUR,1.00\n# lines 1\n", auto_accept=True)
    assert advanced(told, world).status == "reconciled"
    hooks.publish()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.event.type, delivery.event.subject_id) == ("reconciliation.completed.v1", told.statement_id)


def test_a_locked_period_takes_no_statement(world: World) -> None:
    books.lock(starts_on=clock.now().date(), ends_on=clock.now().date())
    with pytest.raises(PeriodLocked):
        sent(world, f"{HEADER}# lines 0\n")


class TestOthers:
    def test_another_partner_s_are_not_found(self, aviare: Partner, kestrel_alone: Caller) -> None:
        of = books.statement(aviare)
        run, one = books.run(of), books.discrepancy(of)
        stranger = World(kestrel_alone)
        for name, arguments in [
            ("get_statement", {"statement_id": str(of.pk)}),
            ("accept_statement", {"statement_id": str(of.pk)}),
            ("run_reconciliation", {"statement_id": str(of.pk)}),
            ("get_reconciliation_run", {"run_id": str(run.pk)}),
            ("resolve_discrepancy", {"discrepancy_id": str(one.pk), "action": "close", "reason": WHY}),
        ]:
            with pytest.raises(NotFound):
                stranger.call(name, **arguments)
        assert view_of(DiscrepancyList, stranger.call("list_discrepancies")).data == []
        assert view_of(RunList, stranger.call("list_reconciliation_runs")).data == []

    def test_staff_s_are_no_partner_s(self, world: World) -> None:
        one = books.discrepancy()
        assert view_of(DiscrepancyList, world.call("list_discrepancies")).data == []
        with pytest.raises(NotFound):
            world.call("resolve_discrepancy", discrepancy_id=str(one.pk), action="close", reason=WHY)

    def test_a_live_key_sends_no_sandbox_s(self, aviare: Partner) -> None:
        live = World(Caller(door=Door.REST, partner_id=aviare.pk, is_live_key=True))
        with pytest.raises(ProviderNotForKey):
            sent(live, f"{HEADER}# lines 0\n")


class TestResolving:
    def test_a_step_is_the_partner_s_and_is_kept(self, world: World, aviare: Partner) -> None:
        books.rules(EUR={"write_off": 100})
        one = books.discrepancy(books.statement(aviare))
        key = {"discrepancy_id": str(one.pk), "reason": WHY}
        for action, status in [("note", "open"), ("dispute", "disputed"), ("accept_theirs", "resolved")]:
            told = view_of(DiscrepancyView, world.call("resolve_discrepancy", action=action, **key))
            assert told.status == status
        assert told.resolution == "accepted_theirs"
        assert all(note.text == f"The partner: {WHY}" for note in one.notes.all())
        lines = AuditEvent.objects.filter(operation="resolve_discrepancy", arguments__action="dispute")
        assert [(line.phase, line.partner_id) for line in lines.order_by("id")] == [
            ("intent", aviare.pk),
            ("outcome", aviare.pk),
        ]

    @pytest.mark.parametrize("action", ["accept_theirs", "close"])
    def test_what_is_over_the_limit_is_for_two_people_of_ours(self, world: World, aviare: Partner, action: str) -> None:
        books.rules(EUR={"write_off": 99})
        one = books.discrepancy(books.statement(aviare))
        with pytest.raises(NotForPartners):
            world.call("resolve_discrepancy", discrepancy_id=str(one.pk), action=action, reason=WHY)
        one.refresh_from_db()
        assert (one.state, one.notes.count()) == ("open", 0)

    @pytest.mark.parametrize("reason", ["\u3164" * 9, "\u2800" * 9, "!!!!!!!!!"])
    def test_a_reason_can_be_read(self, world: World, aviare: Partner, reason: str) -> None:
        one = books.discrepancy(books.statement(aviare))
        for action in ("note", "dispute"):
            with pytest.raises(InvalidArguments):
                world.call("resolve_discrepancy", discrepancy_id=str(one.pk), action=action, reason=reason)
        assert one.notes.count() == 0

    def test_a_write_off_is_for_two_people_of_ours(self, world: World, aviare: Partner) -> None:
        books.rules(EUR={"write_off": 100_000})
        one = books.discrepancy(books.statement(aviare))
        with pytest.raises(NotForPartners):
            world.call("resolve_discrepancy", discrepancy_id=str(one.pk), action="write_off", reason=WHY)
        one.refresh_from_db()
        assert one.state == "open"

    @pytest.mark.parametrize("end", ["written off", "signed"])
    def test_what_our_people_ended_no_key_begins_again(self, world: World, aviare: Partner, end: str) -> None:
        books.rules(EUR={"write_off": 100_000 if end == "written off" else 1})
        fay, finn = (clerk("finance", f"{name}@movmo.example")[0] for name in ("fay", "finn"))
        one = books.discrepancy(books.statement(aviare))
        if end == "written off":
            ending.write_off(one.pk, reason=WHY, by=books.by(fay), now=clock.now())
        else:
            asked = ending.close(one.pk, reason=WHY, by=books.by(fay), now=clock.now())
            assert isinstance(asked, Countersignature)
            countersigning.sign(asked.pk, reason=WHY, by=books.by(finn), now=clock.now())
        before = Discrepancy.objects.values().get(pk=one.pk)
        with pytest.raises(NotForPartners):
            world.call("resolve_discrepancy", discrepancy_id=str(one.pk), action="reopen", reason=WHY)
        assert Discrepancy.objects.values().get(pk=one.pk) == before

    def test_what_cannot_be_is_refused(self, world: World, aviare: Partner) -> None:
        one = books.discrepancy(books.statement(aviare), state="gone")
        with pytest.raises(DiscrepancyStateInvalid):
            world.call("resolve_discrepancy", discrepancy_id=str(one.pk), action="close", reason=WHY)


def test_a_list_goes_on_from_its_cursor(world: World, aviare: Partner) -> None:
    of = books.statement(aviare)
    made = [str(books.discrepancy(of).pk) for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = view_of(DiscrepancyList, world.call("list_discrepancies", limit=2, cursor=cursor))
        seen += [str(one.discrepancy_id) for one in page.data]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == sorted(made, reverse=True)
