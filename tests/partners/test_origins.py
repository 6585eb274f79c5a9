"""Origins are kept as browsers write them; whatever browsers would read otherwise is refused."""

import pytest

from partners.origin import origins


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "1.2.3",
        "1.2.3.4.5",
        "0x7f.1",
        "0x7f.0.0.0x1",
        "0x",
        "2130706433",
        "017700000001",
        "08.1.1.1",
        "1.1.1.01",
        "256.1.1.1",
        "shop.1",
        "shop.example.0x7f",
        "SHOP.0X7F",
    ],
)
def test_a_host_that_ends_in_a_number_is_four_plain_ones(host: str) -> None:
    with pytest.raises(ValueError, match=r"four numbers as in 192\.0\.2\.1"):
        origins.of(f"https://{host}/thanks")


@pytest.mark.parametrize(
    "origin",
    [
        "https://192.0.2.1",
        "https://192.0.2.1:8443",
        "http://127.0.0.1:8000",
        "https://1.example",
        "https://0x7f.example",
        "https://shop.1a",
        "https://xn--4gbrim",
        "https://a_b.example",
    ],
)
def test_other_hosts_are_kept_as_they_are(origin: str) -> None:
    assert origins.of(origin) == origin
