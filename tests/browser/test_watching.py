"""What watches the pages sees what is wrong with one."""

import pytest

from tests.browser.chromium import Chromium
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.reading import complaints, unreachable
from tests.browser.tab import Tab

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]

BAD = """<!doctype html><html lang="en"><title>Bad</title>
<link rel="stylesheet" href="/nowhere.css"><style>a { outline: none }</style>
<main><h1 style="width: 3000px; color: #ddd; background: #fff">Pale</h1>
<a href="/">Start</a><img src="https://elsewhere.example/mark.png">
<div role="button" tabindex="0" onfocus="this.blur()">Run away</div>
<script>console.error("oh")</script></main></html>"""


def test_a_bad_page_is_found_out(browser: Chromium, transactional_db: None) -> None:
    tab = Tab(browser)
    tab.do(lambda page: page.route("**/bad", lambda route: route.fulfill(content_type="text/html", body=BAD)))
    tab.open("/bad")
    found = "\n".join([*complaints(tab), *unreachable(tab)])
    tab.close()
    for complaint in ("image-alt", "color-contrast", "px too wide", "focus not seen: <a", "not reached by Tab: <div"):
        assert complaint in found
    faults = "\n".join(tab.faults)
    for fault in ("console: oh", "/nowhere.css", "elsewhere.example/mark.png: not of this machine"):
        assert fault in faults


def test_a_breach_of_the_content_policy_is_a_fault(browser: Chromium, transactional_db: None) -> None:
    tab = Tab(browser)
    tab.open("/accounts/login/")
    tab.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>')")
    tab.close()
    assert "Content Security Policy" in "\n".join(tab.faults)
