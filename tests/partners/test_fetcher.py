"""Fetching what a stranger names: where it may not lead, and what may not come back. Real TLS over real sockets."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from movmo.kit.outbound import addresses_of, dial, is_public
from partners.oauth.fetcher import LARGEST_DOCUMENT, Crowded, Fetcher, Refused, Unreachable
from tests.partners.documents import ADDRESS, NAME, PUBLIC, Host, document, published, response


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with published(tmp_path) as host:
        yield host


def test_a_document_is_fetched_from_the_address_that_was_checked(host: Host) -> None:
    fetched = host.fetcher().fetch(ADDRESS + "?version=1")
    assert fetched.content == document()
    assert host.dialled == [PUBLIC]
    assert host.requests[0].startswith(f"GET /client.json?version=1 HTTP/1.1\r\nHost: {NAME}\r\n")
    assert "Cookie" not in host.requests[0]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "fec0::1",
        "localhost",
        "",
    ],
)
def test_an_address_inside_is_never_dialled(host: Host, address: str) -> None:
    assert not is_public(address)
    for found in ([address], [PUBLIC, address], [address, PUBLIC]):
        host.addresses = found
        with pytest.raises(Refused, match="not on the public internet") as told:
            host.fetcher().fetch(ADDRESS)
        assert not address or address not in str(told.value)  # what our resolver knows is not for strangers
    assert host.dialled == []


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700:4700::1111", "64:ff9b::5db8:d70e"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://scout.example.com/client.json",
        "ftp://scout.example.com/client.json",
        "https://scout.example.com",
        "https://scout.example.com:8443/client.json",
        "https://scout.example.com:22/client.json",
        "https://ana@scout.example.com/client.json",
        "https://ana:secret@scout.example.com/client.json",
        "https://scout.example.com/client.json#fragment",
        "https://scout.example.com/a/../client.json",
        "https://scout.example.com/./client.json",
        "https://scout.example.com/%2e%2e/client.json",
        "https://scout.example.com/client json",
        "https://scout.example.com/client.json\r\nHost: inside",
        "https://scout.example.com\\@inside/client.json",
        "https://SCOUT.example.com/client.json",
        "HTTPS://scout.example.com/client.json",
        "https://scout.example.com./client.json",
        "https://scöut.example.com/client.json",
        "https://localhost/client.json",
        "https://app.localhost/client.json",
        "https://printer.local/client.json",
        "https://metadata.google.internal/computeMetadata/v1/",
        "https://router.home.arpa/client.json",
        "https://127.0.0.1/client.json",
        "https://2130706433/client.json",
        "https://0x7f.1/client.json",
        "https://127.0.0.0x1/client.json",
        "https://[::1]/client.json",
        "https://93.184.215.14/client.json",
        "https://scout.example.com/" + "x" * 255,
    ],
)
def test_an_address_that_is_none_is_not_looked_up(host: Host, address: str) -> None:
    with pytest.raises(Refused):
        host.fetcher().fetch(address)
    assert (host.looked_up, host.dialled) == ([], [])


def test_a_name_is_looked_up_once_so_a_second_answer_leads_nowhere(host: Host) -> None:
    answers = [[PUBLIC], ["127.0.0.1"]]
    host.fetcher(resolve=lambda name, port: answers.pop(0)).fetch(ADDRESS)
    assert answers == [["127.0.0.1"]]
    assert host.dialled == [PUBLIC]


def test_the_second_address_is_tried_when_the_first_is_down(host: Host) -> None:
    host.addresses = ["2606:4700:4700::1111", PUBLIC]

    def dialling(address: str, port: int, seconds: float) -> socket.socket:
        if ":" in address:
            raise ConnectionRefusedError
        return host.dial(address, port, seconds)

    assert host.fetcher(dial=dialling).fetch(ADDRESS).content == document()


def test_when_no_address_answers_nothing_about_them_is_told(host: Host) -> None:
    host.addresses = [PUBLIC, "2606:4700:4700::1111"]

    def unreachable(address: str, port: int, seconds: float) -> socket.socket:
        raise OSError(113, "No route to host")

    with pytest.raises(Unreachable, match=r"^no trusted connection to scout\.example\.com could be made or kept$"):
        host.fetcher(dial=unreachable).fetch(ADDRESS)


def test_names_are_looked_up_and_addresses_dialled_by_the_system() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert "127.0.0.1" in addresses_of("localhost", port)
        with dial("127.0.0.1", port, 5) as connection:
            assert connection.getpeername() == listener.getsockname()
    with pytest.raises(OSError, match="refused"):
        dial("127.0.0.1", port, 5)


def test_a_certificate_of_another_name_is_not_trusted(tmp_path: Path) -> None:
    with published(tmp_path, "kestrel.example.com") as host:
        with pytest.raises(Unreachable, match="no trusted connection"):
            host.fetcher().fetch(ADDRESS)
        assert host.requests == []


def test_a_certificate_that_nobody_signed_is_not_trusted(host: Host) -> None:
    with pytest.raises(Unreachable, match="no trusted connection"):
        Fetcher(resolve=host.resolve, dial=host.dial).fetch(ADDRESS)


def test_a_redirect_is_not_followed(host: Host) -> None:
    host.publish({}, status="302 Found", headers="Location: https://elsewhere.example.com/client.json\r\n")
    with pytest.raises(Unreachable, match="HTTP 302; it must be 200, and redirects are not followed"):
        host.fetcher().fetch(ADDRESS)
    assert len(host.requests) == 1


def test_a_slow_drip_ends_at_the_deadline_and_gives_its_place_back(host: Host) -> None:
    host.answers = host.drip
    fetcher = host.fetcher(deadline=0.5, at_once=1)
    with pytest.raises(Unreachable, match=r"no complete answer within 0\.5 seconds"):
        fetcher.fetch(ADDRESS)
    for thread in threading.enumerate():
        if thread.name == "client-document":
            thread.join(5)
            assert not thread.is_alive()  # it ends by itself: the exchange has the same deadline
    host.closing.set()
    host.publish(document())
    assert fetcher.fetch(ADDRESS).content == document()


def test_a_look_up_that_hangs_ends_at_the_deadline_and_keeps_its_place(host: Host) -> None:
    over = threading.Event()

    def resolve(name: str, port: int) -> list[str]:
        over.wait()
        return [PUBLIC]

    fetcher = host.fetcher(resolve=resolve, deadline=0.1, at_once=1)
    with pytest.raises(Unreachable, match="no complete answer"):
        fetcher.fetch(ADDRESS)
    with pytest.raises(Crowded, match="too many"):
        fetcher.fetch(ADDRESS)
    over.set()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (response(b" " * (LARGEST_DOCUMENT + 1)), "larger than 8192 bytes"),
        (response(b" " * 1_000_000), "larger than 8192 bytes"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, "larger than 8192 bytes"),
        (response(document(), headers="Content-Type: text/html\r\n"), "not sent as application/json"),
        (response(document(), headers="X: y\r\n"), "not sent as application/json"),
        (response(b"{", headers=""), "not one JSON object"),
        (response(b"[" * 8_000), "not one JSON object"),
        (response(b"[]"), "not one JSON object"),
        (response(b"\xff"), "not one JSON object"),
        (
            response(b"x", headers="Content-Type: application/json\r\nContent-Encoding: gzip\r\n"),
            "without compression",
        ),
    ],
)
def test_a_body_that_is_no_document_is_refused(host: Host, answer: bytes, told: str) -> None:
    host.answers = answer
    with pytest.raises(Refused, match=told):
        host.fetcher().fetch(ADDRESS)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{}",
        response(b"{}", status="404 Not Found"),
        response(b"{}", status="500 Internal Server Error"),
        response(b"{}", status="206 Partial Content"),
    ],
)
def test_an_answer_that_is_none_may_be_asked_for_again(host: Host, answer: bytes) -> None:
    host.answers = answer
    with pytest.raises(Unreachable):
        host.fetcher().fetch(ADDRESS)


def test_chunks_and_structured_media_types_are_read(host: Host) -> None:
    headers = "Content-Type: application/oauth-client+json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
    host.answers = f"HTTP/1.1 200 OK\r\n{headers}\r\n2\r\n{{}}\r\n0\r\n\r\n".encode()
    assert host.fetcher().fetch(ADDRESS).content == {}


@pytest.mark.parametrize(
    ("stated", "lifetime"),
    [
        ("", timedelta(days=1)),
        ("Cache-Control: max-age=3600\r\n", timedelta(hours=1)),
        ("Cache-Control: public, MAX-AGE=0\r\n", timedelta(minutes=5)),
        ("Cache-Control: no-store\r\n", timedelta(minutes=5)),
        ("Cache-Control: max-age=999999999\r\n", timedelta(days=1)),
        ("Cache-Control: max-age=99999999999999999999\r\n", timedelta(days=1)),
    ],
)
def test_a_document_says_how_long_it_holds_within_bounds(host: Host, stated: str, lifetime: Any) -> None:
    host.publish(document(), headers="Content-Type: application/json\r\n" + stated)
    assert host.fetcher().fetch(ADDRESS).lifetime == lifetime
