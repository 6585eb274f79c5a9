"""The browser of the tests themselves."""

import pytest

from tests.browser import chromium
from tests.browser.chromium import Chromium
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser

FOR_EVER = "() => new Promise(() => {})"


def test_one_that_never_answers_is_replaced(browser: Chromium, served_at: str) -> None:
    executable = chromium.find()
    assert executable is not None
    other = Chromium(executable, served_at=served_at, longest_step=10)
    try:
        lost = Tab(other)
        with pytest.raises(TimeoutError):
            lost.evaluate(FOR_EVER)
        lost.close()
        found = Tab(other)
        assert found.evaluate("() => 6 * 7") == 42
        found.close()
        assert other.launches == 2
    finally:
        other.close()
