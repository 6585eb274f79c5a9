"""What partners' pages load. Whether it is what the sources build, `make check-sdk` says: that needs npm."""

import base64
import gzip
import hashlib
import json
import re

import pytest

from tests.browser.sdk_shop import SERVED

SDK = SERVED.parents[2] / "sdk"
PACKAGES = {"button": "movmo.js", "connect": "connect.js"}


@pytest.mark.parametrize(("package", "name"), PACKAGES.items())
def test_the_newest_version_is_the_evergreen_one_under_its_digest(package: str, name: str) -> None:
    version = json.loads((SDK / package / "package.json").read_text())["version"]
    immutable = (SERVED / version / name).read_bytes()
    assert immutable == (SERVED / name).read_bytes()
    digest = base64.b64encode(hashlib.sha384(immutable).digest()).decode()
    assert json.loads((SERVED / "integrity.json").read_text())[f"{version}/{name}"] == f"sha384-{digest}"


def test_the_button_is_small() -> None:
    assert len(gzip.compress((SERVED / "movmo.js").read_bytes(), 9)) <= 4_096


@pytest.mark.parametrize("name", PACKAGES.values())
def test_no_address_and_no_call_is_in_it(name: str) -> None:
    """Where it leads to, its page says; and nothing in it fetches."""
    script = (SERVED / name).read_text()
    assert re.findall(r"https?://[a-z]+", script) == []
    assert (
        re.findall(r"\b(?:fetch|XMLHttpRequest|sendBeacon|WebSocket|eval|Function|innerHTML)\b(?!Session)", script)
        == []
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_it_is_under(package: str) -> None:
    told = json.loads((SDK / package / "package.json").read_text())
    assert told["license"] == "Apache-2.0"
    assert "dependencies" not in told
    assert (SDK / package / "LICENSE").read_text() == (SERVED.parents[3] / "LICENSE").read_text()
