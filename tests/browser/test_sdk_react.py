"""The wrapper for React, as it would be published, with React itself. Needs what `make sdk` makes."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium
from tests.browser.sdk_shop import FAKES, SERVED, Customer, Shop, customer_of, open_shop

SDK = SERVED.parents[2] / "sdk"
MODULES = SDK / "node_modules"
BUNDLER = MODULES / ".bin" / "esbuild"
WRAPPER = SDK / "button" / "dist" / "react.js"
SHADOW = "document.querySelector('movmo-express-checkout').shadowRoot"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (BUNDLER.exists() and WRAPPER.exists()), reason="react: not built; `make sdk` does it"),
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    bundle = tmp_path / "bundle.js"
    options = ["--bundle", "--jsx=automatic", "--format=iife", "--log-level=error", f"--outfile={bundle}"]
    subprocess.run(
        [BUNDLER, FAKES / "react.tsx", *options], check=True, env={**os.environ, "NODE_PATH": str(MODULES)}, timeout=60
    )
    with open_shop() as opened:
        opened.bundle = bundle.read_bytes()
        yield opened


@pytest.fixture
def ana(shop: Shop, browser: Chromium) -> Iterator[Customer]:
    with customer_of(shop, browser) as customer:
        customer.tab.do(lambda page: page.wait_for_selector("movmo-express-checkout"))
        yield customer
        assert [fault for fault in customer.tab.faults if "React DevTools" not in fault] == []


def test_it_hears_each_word_once_and_calls_the_newest_functions(ana: Customer) -> None:
    ana.tab.evaluate("() => again()")
    ana.comes_in()
    ana.told("complete", session_id="ses-1", booking_id="bk-1", record_locator="BCDFGH")
    ana.told("close", reason="done")
    ana.sees("close")
    assert ana.heard == [
        ["ready", {"session_id": "ses-1", "tries": 1}],
        ["complete", {"session_id": "ses-1", "booking_id": "bk-1", "record_locator": "BCDFGH"}],
        ["close", {"reason": "done"}],
    ]


def test_its_attributes_are_the_elements(ana: Customer) -> None:
    element = "document.querySelector('movmo-express-checkout')"
    assert ana.tab.evaluate(f"() => {element}.className") == "wide"
    assert ana.tab.evaluate(f"() => {SHADOW}.querySelector('button').textContent") == "Mit Movmo buchen"


def test_its_ref_is_the_element(ana: Customer) -> None:
    ana.comes_in()
    assert ana.tab.evaluate("() => checkout.current === document.querySelector('movmo-express-checkout')")
    ana.tab.evaluate("session => checkout.current.setOffer(session)", ana.shop.session("ses-2"))
    ana.tab.do(lambda page: page.wait_for_function("() => heard.filter(([name]) => name === 'ready').length === 2"))
    assert ana.heard[-1] == ["ready", {"session_id": "ses-2", "tries": 0}]
    ana.tab.evaluate("() => checkout.current.close()")
    ana.sees("close")
    assert ana.heard[-1] == ["close", {"reason": "page"}]


def test_an_application_that_leaves_takes_the_dialog_along(ana: Customer) -> None:
    ana.comes_in()
    ana.tab.evaluate("() => root.unmount()")
    ana.tab.do(lambda page: page.wait_for_function("() => !document.querySelector('movmo-express-checkout')"))
    assert ana.tab.evaluate("() => checkout.current") is None
    assert ana.tab.evaluate("() => document.documentElement.style.overflow") == ""
