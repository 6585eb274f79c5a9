"""From an event to a partner's server: what is sent, what counts as taken, and when it is tried again."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError
from structlog.testing import capture_logs

from movmo import env
from movmo.kit.outbound import Outbound
from movmo.operations.models import Event
from partners.partner.models import Partner
from partners.webhook import delivering, sending
from partners.webhook.delivering import LADDER, deliver_due
from partners.webhook.models import Failure, WebhookAttempt, WebhookDelivery
from tests.conftest import StoppedClock
from tests.partners import hooks
from tests.partners.receiver import NAME, Received, Receiver, answer, receiving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path) as receiver, hooks.sent_by(receiver.outbound):
        yield receiver


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline that a test can wait for."""
    monkeypatch.setattr(sending, "DEADLINE", 0.4)


def test_an_event_arrives_signed_as_standard_webhooks_says(aviare: Partner, receiver: Receiver) -> None:
    made = hooks.endpoint(aviare)
    delivery = hooks.told_of(aviare)
    deliver_due()
    (request,) = receiver.received
    event = Event.objects.get()
    assert request.line == "POST /movmo?tenant=7 HTTP/1.1"
    assert request.headers["host"] == NAME
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == str(event.pk) == request.told["id"]
    assert set(request.told) == {"id", "type", "timestamp", "subject_id", "sequence", "data"}
    assert request.verified_with(made.secret) == request.told
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_failure, delivery.lease_until) == ("delivered", "", None)
    attempt = delivery.attempts.get()
    assert (attempt.number, attempt.status, attempt.failure) == (1, 204, "")
    deliver_due()
    assert len(receiver.received) == 1


def test_a_signature_fits_its_own_body_id_and_time_only(aviare: Partner, receiver: Receiver) -> None:
    made = hooks.endpoint(aviare)
    hooks.told_of(aviare)
    deliver_due()
    (request,) = receiver.received
    forged: list[tuple[bytes, dict[str, str]]] = [
        (request.body.replace(b"ticketed", b"cancelled"), request.headers),
        (request.body, {**request.headers, "webhook-id": "another"}),
        (request.body, {**request.headers, "webhook-timestamp": str(int(request.headers["webhook-timestamp"]) + 1)}),
        (
            request.body,
            {**request.headers, "webhook-timestamp": str(int(request.headers["webhook-timestamp"]) - 3_600)},
        ),
    ]
    for body, headers in forged:
        with pytest.raises(WebhookVerificationError):
            type(request)(request.line, headers, body).verified_with(made.secret)
    with pytest.raises(WebhookVerificationError):
        request.verified_with(hooks.endpoint(aviare).secret)


def test_a_repetition_keeps_its_id_and_has_a_signature_of_its_own_time(
    aviare: Partner, receiver: Receiver, clock: StoppedClock
) -> None:
    hooks.endpoint(aviare)
    receiver.answers = [answer("500 Internal Server Error"), answer()]
    hooks.told_of(aviare)
    deliver_due()
    clock.forward(seconds=10)
    deliver_due()
    first, second = (request.headers for request in receiver.received)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 10
    assert first["webhook-signature"] != second["webhook-signature"]
    assert receiver.received[0].body == receiver.received[1].body
    assert list(WebhookAttempt.objects.values_list("number", "failure")) == [(1, "status"), (2, "")]


def test_both_secrets_sign_for_a_day_after_a_rotation(aviare: Partner, receiver: Receiver, clock: StoppedClock) -> None:
    made = hooks.endpoint(aviare)
    rotated = hooks.ask(hooks.by_test_key(aviare), "rotate_webhook_secret", endpoint_id=str(made.endpoint_id))
    assert rotated.secret != made.secret
    hooks.told_of(aviare)
    deliver_due()
    clock.forward(hours=24)
    hooks.told_of(aviare)
    deliver_due()
    during, after = (request.headers["webhook-signature"].split() for request in receiver.received)
    assert (len(during), len(after)) == (2, 1)
    assert all(one.startswith("v1,") for one in during + after)


def test_a_delivery_climbs_the_ladder_to_its_end(aviare: Partner, receiver: Receiver, clock: StoppedClock) -> None:
    hooks.endpoint(aviare)
    receiver.answers = [answer("503 Service Unavailable")]
    delivery = hooks.told_of(aviare)
    waited = []
    for _ in LADDER:
        began = clock.now
        deliver_due()
        delivery.refresh_from_db()
        if delivery.state == "waiting":
            waited.append(delivery.due_at - began)
            clock.set(delivery.due_at - timedelta(seconds=1))
            deliver_due()  # not before its time
            clock.set(delivery.due_at)
    assert len(receiver.received) == len(LADDER) == delivery.attempts.count()
    assert (delivery.state, delivery.last_failure) == ("failed", "status")
    for pause, step in zip(waited, LADDER[1:], strict=True):
        assert step <= pause <= step * 1.2
    assert len({pause / step for pause, step in zip(waited, LADDER[1:], strict=True)}) > 3  # not all at one moment
    clock.forward(days=3)
    deliver_due()
    assert len(receiver.received) == len(LADDER)


def test_the_pause_after_an_attempt_is_always_the_same(aviare: Partner) -> None:
    hooks.endpoint(aviare)
    delivery = hooks.told_of(aviare)
    delivery.tries = 4
    assert delivering.pause(delivery) == delivering.pause(WebhookDelivery(pk=delivery.pk, tries=4))


SECONDS = {"120": 120, "0": 0, "-5": 0, "nonsense": 0, "999999999": 86_400, "Fri, 99 Xxx": 0}


@pytest.mark.parametrize("stated", SECONDS)
def test_retry_after_is_honoured_within_a_day(
    aviare: Partner, receiver: Receiver, clock: StoppedClock, stated: str
) -> None:
    hooks.endpoint(aviare)
    receiver.answers = [answer("429 Too Many Requests", f"Retry-After: {stated}\r\n")]
    delivery = hooks.told_of(aviare)
    deliver_due()
    delivery.refresh_from_db()
    assert delivery.due_at - clock.now >= timedelta(seconds=max(5, SECONDS[stated]))
    assert delivery.due_at - clock.now <= timedelta(seconds=max(6, SECONDS[stated]))


def test_retry_after_may_be_a_date(aviare: Partner, receiver: Receiver, clock: StoppedClock) -> None:
    hooks.endpoint(aviare)
    until = clock.now + timedelta(minutes=7)
    receiver.answers = [answer("503 Service Unavailable", f"Retry-After: {format_datetime(until, usegmt=True)}\r\n")]
    delivery = hooks.told_of(aviare)
    deliver_due()
    delivery.refresh_from_db()
    assert delivery.due_at == until


@pytest.mark.parametrize(
    ("reply", "failure", "status"),
    [
        (answer("301 Moved Permanently", "Location: https://elsewhere.example.com/\r\n"), "redirect", 301),
        (answer("307 Temporary Redirect", "Location: https://169.254.169.254/\r\n"), "redirect", 307),
        (answer("304 Not Modified"), "redirect", 304),
        (answer("400 Bad Request"), "status", 400),
        (answer("404 Not Found"), "status", 404),
        (answer("500 Internal Server Error", body=b"x" * 8_000), "status", 500),
        (answer("200 OK", body=b"x" * 8_193), "too_large", None),
        (answer("200 OK", "X: y\r\n" * 4_000), "too_large", None),
        (b"", "no_answer", None),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "no_answer", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "no_answer", None),
    ],
)
def test_every_failure_has_a_name(
    aviare: Partner, receiver: Receiver, reply: bytes, failure: str, status: int | None
) -> None:
    hooks.endpoint(aviare)
    receiver.answers = [reply]
    delivery = hooks.told_of(aviare)
    deliver_due()
    delivery.refresh_from_db()
    attempt = delivery.attempts.get()
    assert (delivery.state, delivery.last_failure) == ("waiting", failure)
    assert (attempt.failure, attempt.status) == (failure, status)
    assert len(receiver.received) == 1  # a redirect is not followed
    assert failure in Failure.values


@pytest.mark.parametrize("reply", [answer("200 OK", body=b"thanks"), answer("202 Accepted"), answer("299 Fine")])
def test_every_2xx_is_a_success(aviare: Partner, receiver: Receiver, reply: bytes) -> None:
    hooks.endpoint(aviare)
    receiver.answers = [reply]
    delivery = hooks.told_of(aviare)
    deliver_due()
    delivery.refresh_from_db()
    assert delivery.state == "delivered"


def test_a_server_that_keeps_its_connection_open_is_no_slow_one(aviare: Partner, receiver: Receiver) -> None:
    hooks.endpoint(aviare)

    def keep_alive(connection: Any, request: Received) -> None:
        connection.sendall(answer("200 OK", body=b"ok"))
        receiver.closing.wait(30)

    receiver.answers = [keep_alive]
    delivery = hooks.told_of(aviare)
    deliver_due()
    attempt = delivery.attempts.get()
    assert (attempt.status, attempt.failure) == (200, "")
    assert attempt.duration_ms < 5_000


@pytest.mark.parametrize("manner", ["drip", "hang"])
@pytest.mark.usefixtures("hurry")
def test_one_deadline_is_over_everything(aviare: Partner, receiver: Receiver, manner: str) -> None:
    hooks.endpoint(aviare)
    receiver.answers = [getattr(receiver, manner)]
    delivery = hooks.told_of(aviare)
    deliver_due()
    attempt = delivery.attempts.get()
    assert attempt.failure == "timeout"
    assert 350 <= attempt.duration_ms <= 2_000


@pytest.mark.usefixtures("hurry")
def test_a_look_up_that_hangs_does_not_hang_us(aviare: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "DEADLINE", -0.7)
    over = threading.Event()

    def resolve(name: str, port: int) -> list[str]:
        over.wait(10)
        return []

    made = hooks.endpoint(aviare)
    with hooks.sent_by(Outbound(resolve=resolve)):
        delivery = hooks.told_of(aviare)
        deliver_due()
    over.set()
    assert delivery.attempts.get().failure == "timeout"
    assert hooks.row(made).failing_since is not None


@pytest.mark.parametrize(
    ("broken", "failure"),
    [
        ("resolve", "dns"),
        ("dial", "connect"),
        ("tls", "tls"),
    ],
)
def test_a_failure_before_the_request_has_its_name(
    aviare: Partner, receiver: Receiver, tmp_path: Path, broken: str, failure: str
) -> None:
    def nowhere(*_: Any) -> Any:
        raise OSError(113, "No route to host")

    hooks.endpoint(aviare)
    given: dict[str, Any] = {
        "resolve": receiver.resolve,
        "dial": receiver.dial,
        "tls": receiver.trusting,
        broken: nowhere,
    }
    if broken == "tls":
        del given["tls"]  # the certificate is nobody's we trust
    with hooks.sent_by(Outbound(**given)):
        delivery = hooks.told_of(aviare)
        deliver_due()
    assert delivery.attempts.get().failure == failure
    assert receiver.received == []


def test_a_certificate_of_another_name_is_not_trusted(aviare: Partner, tmp_path: Path) -> None:
    with receiving(tmp_path, "kestrel.example.com") as other, hooks.sent_by(other.outbound):
        hooks.endpoint(aviare)
        delivery = hooks.told_of(aviare)
        deliver_due()
    assert delivery.attempts.get().failure == "tls"
    assert other.received == []


def test_what_breaks_on_our_side_is_no_fault_of_the_endpoint(aviare: Partner) -> None:
    def broken(name: str, port: int) -> list[str]:
        raise LookupError("a bug")

    made = hooks.endpoint(aviare)
    delivery = hooks.told_of(aviare)
    with hooks.sent_by(Outbound(resolve=broken)), capture_logs() as log:
        deliver_due()
    assert delivery.attempts.get().failure == "ours"
    assert hooks.row(made).failing_since is None
    assert "webhook.send_crashed" in [line["event"] for line in log]


def test_the_lines_for_partners_verify_what_is_sent(
    aviare: Partner, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(env.BASE_DIR) / "docs" / "partners.md").read_text()
    lines = page.partition("## Events and webhooks")[2].partition("```python\n")[2].partition("```")[0]
    queued: list[str] = []
    there: dict[str, Any] = {"queue": lambda id_, event: queued.append(id_)}
    exec(lines, there)
    made = hooks.endpoint(aviare)
    monkeypatch.setenv("MOVMO_WEBHOOK_SECRET", made.secret)
    hooks.told_of(aviare)
    deliver_due()
    (request,) = receiver.received
    assert there["receive"](request.body, request.headers) == 204
    assert there["receive"](request.body + b" ", request.headers) == 400
    assert queued == [request.headers["webhook-id"]]
