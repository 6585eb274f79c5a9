"""Which addresses may be given, and what they become."""

import pytest

from mcp_server.bridge import address
from mcp_server.bridge.trouble import AddressRefused


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://movmo.example", "https://movmo.example"),
        (" https://Movmo.Example:443/ ", "https://movmo.example"),
        ("https://movmo.example/v1/mcp", "https://movmo.example"),
        ("https://movmo.example:8443/v1/mcp/", "https://movmo.example:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://127.3.4.5", "http://127.3.4.5"),
        ("http://localhost:8000/v1/mcp", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_becomes_an_origin(text: str, origin: str) -> None:
    assert address.parse(text).origin == origin
    assert address.parse(text).endpoint == f"{origin}/v1/mcp"


@pytest.mark.parametrize(
    "text",
    [
        "movmo.example",
        "ftp://movmo.example",
        "https://",
        "http://movmo.example",
        "http://127.0.0.1.movmo.example",
        "http://localhost.movmo.example",
        "https://ana:secret@movmo.example",
        "https://movmo.example/other",
        "https://movmo.example?x=1",
        "https://movmo.example/#x",
        "https://movmo.example:port",
        "https://movmo.example:70000",
        "https://mövmo.example",
        "https://movmo_example",
        "https://movmo.example\\@elsewhere.example",
        "https://[::1",
        "",
    ],
)
def test_what_is_no_address_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        address.parse(text)
    assert "Write https://movmo.example." in str(caught.value)
    assert "secret" not in str(caught.value)
