"""Where a webhook may lead, when it is registered and again whenever something is sent: never inside."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from movmo.kit.outbound import Outbound
from movmo.operations.models import AuditEvent
from partners.partner.models import Partner
from partners.webhook.addresses import REASONS, WebhookUrlRefused, look_up, target_of
from partners.webhook.delivering import deliver_due
from partners.webhook.models import WebhookEndpoint
from tests.partners import hooks
from tests.partners.documents import PUBLIC
from tests.partners.receiver import URL, Receiver, receiving

pytestmark = pytest.mark.django_db(transaction=True)

HOSTILE = {
    "http://hooks.example.com/": "not_https",
    "ftp://hooks.example.com/": "not_https",
    "file:///etc/passwd": "not_https",
    "gopher://hooks.example.com:443/_": "not_https",
    "http://127.0.0.1:8000/admin/": "not_https",
    "//hooks.example.com/": "not_https",
    "hooks.example.com": "not_https",
    "https://": "name",
    "https:///path": "name",
    "https://hooks.example.com:8443/": "port",
    "https://hooks.example.com:22/": "port",
    "https://hooks.example.com:80/": "port",
    "https://hooks.example.com:0/": "port",
    "https://hooks.example.com:99999/": "malformed",
    "https://hooks.example.com:443443/": "malformed",
    "https://ana@hooks.example.com/": "credentials",
    "https://ana:secret@hooks.example.com/": "credentials",
    "https://@hooks.example.com/": "credentials",
    "https://hooks.example.com@169.254.169.254/": "credentials",
    "https://hooks.example.com/#fragment": "fragment",
    "https://hooks.example.com/#": "fragment",
    "https://127.0.0.1/": "ip_address",
    "https://127.0.0.1:443/": "ip_address",
    "https://93.184.215.14/": "ip_address",
    "https://2130706433/": "ip_address",
    "https://017700000001/": "ip_address",
    "https://0x7f000001/": "ip_address",
    "https://0x7f.0.0.1/": "ip_address",
    "https://127.1/": "ip_address",
    "https://127.0.0.0x1/": "ip_address",
    "https://127.0.0.1./": "ip_address",
    "https://0/": "ip_address",
    "https://[::1]/": "ip_address",
    "https://[::ffff:127.0.0.1]/": "ip_address",
    "https://[fe80::1%25eth0]/": "ip_address",
    "https://[::1]:443/": "ip_address",
    "https://[::1/": "malformed",
    "https://①②⑦.⓪.⓪.①/": "malformed",
    "https://hööks.example.com/": "malformed",
    "https://hooks。example。com/": "malformed",
    "https://localhost/": "name",
    "https://hooks/": "name",
    "https://hooks.localhost/": "name",
    "https://printer.local/": "name",
    "https://metadata.google.internal/computeMetadata/v1/": "name",
    "https://router.home.arpa/": "name",
    "https://hooks.example.com./": "name",
    "https://.example.com/": "name",
    "https://hooks..example.com/": "name",
    "https://-hooks.example.com/": "name",
    "https://hooks_1.example.com/": "name",
    "https://%31%32%37.0.0.1/": "ip_address",
    "https://hooks.example.com%2f@inside/": "credentials",
    "https://hooks.example.com\\@inside/": "malformed",
    "https://hooks.example.com/a b": "malformed",
    "https://hooks.example.com/\r\nHost: inside": "malformed",
    "https://hooks.example.com/<script>": "malformed",
    "https://" + "a" * 64 + ".example.com/": "name",
    "https://" + "a." * 130 + "com/": "name",
}
INSIDE = [
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "::ffff:169.254.169.254",
    "2002:a9fe:a9fe::1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "not an address",
]


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path) as receiver, hooks.sent_by(receiver.outbound):
        yield receiver


@pytest.mark.parametrize("url", HOSTILE)
def test_an_address_that_is_none_is_refused_and_not_looked_up(receiver: Receiver, url: str) -> None:
    with pytest.raises(WebhookUrlRefused) as told:
        look_up(url)
    assert told.value.facts["reason"] == HOSTILE[url]
    assert (receiver.looked_up, receiver.dialled) == ([], [])


def test_every_reason_is_tried() -> None:
    assert set(HOSTILE.values()) | {"not_public"} == set(REASONS)


@pytest.mark.parametrize(
    "url",
    ["https://hooks.example.com", "HTTPS://Hooks.Example.COM:443/a/b.c?d=e&f=%20", "https://xn--hks-sna.example.com/"],
)
def test_an_address_of_a_name_is_taken(receiver: Receiver, url: str) -> None:
    look_up(url)
    assert target_of(url).name == target_of(url).name.lower()
    assert target_of(url).path.startswith("/")
    assert receiver.dialled == []  # registering calls nobody


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_refused_at_the_door(aviare: Partner, receiver: Receiver, address: str) -> None:
    for found in ([address], [PUBLIC, address], [address, PUBLIC]):
        receiver.addresses = found
        with pytest.raises(WebhookUrlRefused) as told:
            hooks.endpoint(aviare)
        assert told.value.facts["reason"] == "not_public"
        assert set(told.value.fields) == {"/url"}
        assert address not in str(told.value)
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_later_is_not_called(aviare: Partner, receiver: Receiver, address: str) -> None:
    """Rebinding: harmless when it was registered, and something else when it counts. One bad address refuses all."""
    hooks.endpoint(aviare)
    for found in ([address], [PUBLIC, address], [address, PUBLIC]):
        receiver.addresses = found
        delivery = hooks.told_of(aviare)
        deliver_due()
        assert [attempt.failure for attempt in delivery.attempts.all()] == ["refused_address"]
    assert (receiver.dialled, receiver.received) == ([], [])


def test_a_name_is_looked_up_once_for_each_attempt(aviare: Partner, receiver: Receiver) -> None:
    hooks.endpoint(aviare)
    receiver.looked_up.clear()
    answers = [[PUBLIC], ["127.0.0.1"]]
    with hooks.sent_by(Outbound(resolve=lambda name, port: answers.pop(0), dial=receiver.dial, tls=receiver.trusting)):
        hooks.told_of(aviare)
        deliver_due()
    assert answers == [["127.0.0.1"]]
    assert receiver.dialled == [PUBLIC]
    assert len(receiver.received) == 1


def test_a_proxy_of_the_environment_is_not_used(
    aviare: Partner, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    hooks.endpoint(aviare)
    delivery = hooks.told_of(aviare)
    deliver_due()
    delivery.refresh_from_db()
    assert (delivery.state, receiver.dialled) == ("delivered", [PUBLIC])


def test_a_name_that_nobody_knows_yet_is_taken(aviare: Partner, receiver: Receiver) -> None:
    def unknown(name: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    with hooks.sent_by(Outbound(resolve=unknown)):
        assert hooks.endpoint(aviare).enabled


def test_an_update_is_held_to_the_same_rules(aviare: Partner, receiver: Receiver) -> None:
    made = hooks.endpoint(aviare)
    for url, found in (("https://127.0.0.1/", [PUBLIC]), (URL, ["10.0.0.1"])):
        receiver.addresses = found
        with pytest.raises(WebhookUrlRefused):
            hooks.ask(
                hooks.by_test_key(aviare),
                "update_webhook_endpoint",
                endpoint_id=str(made.endpoint_id),
                url=url,
                event_types=[],
                enabled=True,
            )
    assert hooks.row(made).url == URL


def test_an_address_that_is_refused_is_written_nowhere(aviare: Partner, receiver: Receiver) -> None:
    with capture_logs() as log, pytest.raises(WebhookUrlRefused) as told:
        hooks.endpoint(aviare, url="https://ana:thylacine@hooks.example.com/")
    written = str(list(AuditEvent.objects.values())) + str(log) + str(told.value) + str(told.value.facts)
    assert "thylacine" not in written


def test_loopback_is_called_only_where_a_setting_says_so(aviare: Partner, settings: Any) -> None:
    with receiving(None) as plain, hooks.sent_by(Outbound()):
        url = f"http://127.0.0.1:{plain.port}/hook"
        with pytest.raises(WebhookUrlRefused):
            hooks.endpoint(aviare, url=url)
        settings.MOVMO_WEBHOOKS_TO_LOOPBACK = True
        made = hooks.endpoint(aviare, url=url)
        delivery = hooks.told_of(aviare)
        deliver_due()
        delivery.refresh_from_db()
        (request,) = plain.received
        assert request.headers["host"] == f"127.0.0.1:{plain.port}"
        assert request.verified_with(made.secret)
        assert delivery.state == "delivered"
        settings.MOVMO_WEBHOOKS_TO_LOOPBACK = False
        late = hooks.told_of(aviare)
        deliver_due()
    assert late.attempts.get().failure == "refused_address"
    assert len(plain.received) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2:8000/",
        "http://127.0.0.1/",
        "http://localhost:8000/",
        "http://127.0.0.1:8000@inside:80/",
        "http://127.0.0.1:99999999/",
        "http://127.0.0.1:8000",
        "http://127.0.0.1:70000/",
        "http://127.0.0.1:8000/a\r\nX: y",
        "https://127.0.0.1:8000/",
    ],
)
def test_loopback_is_127_0_0_1_with_a_port_and_nothing_like_it(settings: Any, url: str) -> None:
    settings.MOVMO_WEBHOOKS_TO_LOOPBACK = True
    if url == "http://127.0.0.1:8000":
        assert target_of(url).path == "/"
        return
    with pytest.raises(WebhookUrlRefused):
        target_of(url)
