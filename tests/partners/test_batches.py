"""A batch is looked through before any of it is accepted, and shown to its own partner only."""

from typing import Any

import orjson
import pytest

from movmo.accounts.models import User
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.kit.http import MAX_DEPTH
from movmo.operations.card_numbers import CardNumberRefused
from movmo.operations.context import Caller
from movmo.operations.dispatch import dispatch
from movmo.operations.models import AuditEvent
from partners.batch import accepting
from partners.batch.models import Batch, BatchLine
from partners.batch.refusals import MOST_OPEN, BatchesFull, BatchInvalid, BatchTooLong
from partners.batch.schemas import MOST_LINES, BatchList, BatchView
from partners.partner.models import Partner
from partners.plan.models import UsagePlan
from tests import factories
from tests.conftest import StoppedClock
from tests.contract.world import new_key, the
from tests.partners import batching
from tests.partners.batching import LANGUAGE, as_text, by_real_key, leave, line, passenger, token_of
from tests.partners.hooks import ask, by_live_key

pytestmark = pytest.mark.django_db(transaction=True)
CARD_NUMBER = "4242424242424242"


@pytest.fixture
def by_aviare(aviare: Partner) -> Caller:
    return by_real_key(aviare)


def problems_of(caller: Caller, text: str) -> list[dict[str, Any]]:
    """What each bad line is told, by number; and nothing was accepted."""
    with pytest.raises(BatchInvalid) as refused:
        ask(caller, "create_batch", lines=text)
    assert not Batch.objects.exists()
    assert refused.value.facts["bad"] == len(refused.value.facts["problems"])
    problems: list[dict[str, Any]] = refused.value.facts["problems"]
    return problems


def codes_of(caller: Caller, *lines: dict[str, Any]) -> dict[int, str]:
    return {one["line"]: one["code"] for one in problems_of(caller, as_text(*lines))}


def test_a_batch_is_accepted_whole(by_aviare: Caller, ana: User) -> None:
    token = token_of(ana)
    batch_id = leave(by_aviare, line("get_usage"), passenger(token), line("get_user_profile", token=token))
    told = ask(by_aviare, "get_batch", batch_id=str(batch_id))
    assert isinstance(told, BatchView)
    assert (told.status, told.lines, told.done, told.progress) == ("running", 3, 0, 0)
    lines = batching.results(by_aviare, batch_id)
    assert [(one.line, one.operation, one.status) for one in lines] == [
        (1, "get_usage", "waiting"),
        (2, "create_passenger_profile", "waiting"),
        (3, "get_user_profile", "waiting"),
    ]


def test_all_that_is_wrong_is_told_at_once_by_line(by_aviare: Caller, ana: User) -> None:
    token, key = token_of(ana), new_key()
    told = codes_of(
        by_aviare,
        line("get_usage"),
        line("get_weather"),
        line("create_batch", key=new_key(), lines="{}"),
        line("upsert_locale_preferences", token=token, **LANGUAGE),
        line("upsert_locale_preferences", key=key, token=token, **LANGUAGE),
        line("upsert_locale_preferences", key=key, token=token, **LANGUAGE),
        line("get_user_profile"),
        line("get_user_profile", token="not.a.token"),
        line("get_usage", until="tomorrow"),
        line("upsert_locale_preferences", key="short", token=token, **LANGUAGE),
    )
    assert told == {
        2: "operation_unknown",
        3: "not_in_batches",
        4: "idempotency_key_missing",
        6: "key_repeated",
        7: "token_missing",
        8: "token_invalid",
        9: "validation_failed",
        10: "idempotency_key_invalid",
    }


def test_lines_keep_the_numbers_that_an_editor_shows(by_aviare: Caller) -> None:
    text = '\ufeff{"operation": "get_usage"}\n\n{"operation": "get_usage"}\r\nnonsense\n[]\n{"operation": 7}\n'
    told = problems_of(by_aviare, text)
    assert [(one["line"], one["code"]) for one in told] == [
        (1, "line_unreadable"),
        (4, "line_unreadable"),
        (5, "validation_failed"),
        (6, "validation_failed"),
    ]
    assert told[3]["fields"].keys() == {"/operation"}


def test_a_field_that_is_wrong_is_pointed_at(by_aviare: Caller) -> None:
    told = problems_of(by_aviare, as_text(line("get_usage", until="tomorrow"), {"operation": "get_usage", "args": {}}))
    assert [list(one["fields"]) for one in told] == [["/until"], ["/args"]]


@pytest.mark.parametrize("text", ['{"operation": "get_\\ud800"}', "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)])
def test_text_that_is_no_unicode_or_too_deep_is_told_by_its_line(by_aviare: Caller, text: str) -> None:
    told = problems_of(by_aviare, f'{{"operation": "get_usage"}}\n{text}')
    assert [(one["line"], one["code"]) for one in told] == [(2, "line_unreadable")]


def test_a_card_number_is_told_by_its_line_and_stays_nowhere(by_aviare: Caller, ana: User) -> None:
    lines = [line("get_usage"), passenger(token_of(ana), name=CARD_NUMBER)]
    with pytest.raises(CardNumberRefused) as refused:
        ask(by_aviare, "create_batch", lines=as_text(*lines))
    assert refused.value.fields == {"/lines": "This holds a card number, in line 2."}
    assert not Batch.objects.exists()
    assert CARD_NUMBER not in orjson.dumps(list(AuditEvent.objects.values_list("arguments", flat=True))).decode()


def test_a_card_number_behind_escapes_is_told_by_its_line(by_aviare: Caller, ana: User) -> None:
    """What the text as a whole does not show: each line is read as its call would be."""
    escaped = "".join(f"\\u{ord(digit):04x}" for digit in CARD_NUMBER)
    in_a_value = as_text(passenger(token_of(ana), name="NAME")).replace("NAME", escaped)
    in_a_key = as_text(passenger(token_of(ana), key="A-KEY-OF-OURS")).replace("A-KEY-OF-OURS", escaped)
    in_a_name = f'{{"operation": "get_usage", "{escaped}": 1}}'
    told = problems_of(by_aviare, "\n".join([in_a_value, in_a_key, in_a_name]))
    assert [(one["line"], one["code"]) for one in told] == [(number, "card_number_refused") for number in (1, 2, 3)]
    assert [list(one["fields"]) for one in told] == [["/given_name"], ["/idempotency_key"], [""]]
    assert CARD_NUMBER not in orjson.dumps(told).decode()


def test_of_many_problems_the_first_are_told_and_all_are_counted(
    by_aviare: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "MOST_PROBLEMS", 3)
    with pytest.raises(BatchInvalid) as refused:
        ask(by_aviare, "create_batch", lines=as_text(line("get_usage"), *[line("get_weather")] * 5))
    assert (refused.value.facts["bad"], refused.value.facts["lines"]) == (5, 6)
    assert [one["line"] for one in refused.value.facts["problems"]] == [2, 3, 4]


@pytest.mark.parametrize(
    "name",
    [
        *("create_batch", "list_batches", "create_checkout_session", "open_card_capture"),
        *("create_webhook_endpoint", "rotate_webhook_secret"),
    ],
)
def test_what_is_for_people_or_about_batches_or_tells_a_secret_is_no_line(
    by_aviare: Caller, ana: User, name: str
) -> None:
    assert codes_of(by_aviare, line(name, key=new_key(), token=token_of(ana))) == {1: "not_in_batches"}


def test_what_the_plan_forbids_is_told_before(by_aviare: Caller) -> None:
    UsagePlan.objects.update(allowed_operations="create_batch get_usage")
    caller = by_real_key(Partner.objects.get())
    assert codes_of(caller, line("get_usage"), line("list_providers")) == {2: "operation_not_in_plan"}


def test_a_token_of_another_partners_application_is_refused(by_aviare: Caller, kestrel: Partner, ana: User) -> None:
    token = factories.token(ana, ["profile:read"], factories.application("kestrel-web", of=kestrel))
    assert codes_of(by_aviare, line("get_user_profile", token=token)) == {1: "token_not_for_partner"}


def test_a_token_without_the_scope_is_refused(by_aviare: Caller, ana: User) -> None:
    token = factories.token(ana, ["profile:read"])
    assert codes_of(by_aviare, line("get_payment_methods", token=token)) == {1: "insufficient_scope"}


def test_an_empty_batch_and_one_that_is_too_long_are_refused(by_aviare: Caller) -> None:
    with pytest.raises(InvalidArguments):
        ask(by_aviare, "create_batch", lines="\n \n")
    with pytest.raises(BatchTooLong):
        ask(by_aviare, "create_batch", lines='{"operation": "get_usage"}\n' * (MOST_LINES + 1))
    assert not Batch.objects.exists()


def test_a_partner_has_only_so_many_batches_open(by_aviare: Caller, kestrel: Partner) -> None:
    for _ in range(MOST_OPEN):
        batch_id = leave(by_aviare, line("get_usage"))
    with pytest.raises(BatchesFull):
        leave(by_aviare, line("get_usage"))
    leave(by_real_key(kestrel), line("get_usage"))
    ask(by_aviare, "cancel_batch", batch_id=str(batch_id))
    leave(by_aviare, line("get_usage"))


def test_another_partner_and_the_other_mode_see_nothing(aviare: Partner, by_aviare: Caller, kestrel: Partner) -> None:
    batch_id = str(leave(by_aviare, line("get_usage")))
    for caller in (by_real_key(kestrel), by_live_key(aviare)):
        for name in ("get_batch", "list_batch_results", "cancel_batch"):
            with pytest.raises(NotFound):
                ask(caller, name, batch_id=batch_id)
        listed = ask(caller, "list_batches")
        assert isinstance(listed, BatchList)
        assert listed.data == []
    assert batching.row(Batch.objects.get().pk).state == "running"


def test_batches_are_listed_newest_first(by_aviare: Caller) -> None:
    made = [leave(by_aviare, line("get_usage")) for _ in range(3)]
    first = ask(by_aviare, "list_batches", limit=2)
    second = ask(by_aviare, "list_batches", limit=2, cursor=first.next_cursor, status="running")
    assert [one.batch_id for one in (*first.data, *second.data)] == made[::-1]
    assert second.next_cursor is None


def test_what_a_line_holds_is_written_nowhere_in_clear(by_aviare: Caller, ana: User) -> None:
    token = token_of(ana)
    leave(by_aviare, passenger(token, name="Quokka"))
    stored = BatchLine.objects.values_list("content", flat=True)[0]
    assert stored is not None
    assert b"Quokka" not in bytes(stored)
    assert token.encode() not in bytes(stored)
    written = orjson.dumps(list(AuditEvent.objects.values_list("arguments", flat=True))).decode()
    assert "Quokka" not in written
    assert token not in written


def test_the_same_key_gives_the_same_batch(by_aviare: Caller, clock: StoppedClock) -> None:
    key, arguments = new_key(), {"lines": as_text(line("get_usage"))}
    first = dispatch(the("create_batch"), by_aviare, arguments, key)
    batching.work()
    again = dispatch(the("create_batch"), by_aviare, arguments, key)
    assert isinstance(first.view, BatchView)
    assert isinstance(again.view, BatchView)
    assert (again.replayed, again.view.batch_id, again.view.status) == (True, first.view.batch_id, "completed")
    assert Batch.objects.count() == 1
