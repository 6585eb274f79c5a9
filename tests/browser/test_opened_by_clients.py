"""A client that runs in a browser opens consent in a window of its own, and hears from it when it is done."""

import pytest
from playwright.sync_api import Page, Route

from movmo.accounts.models import User
from partners.oauth.models import Application
from tests.browser.conftest import NewTab
from tests.partners.conftest import authorize_query

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CLIENTS_PAGE = "http://127.0.0.1:53111/"
CALLBACK = f"{CLIENTS_PAGE}callback"
LISTENS = "() => { addEventListener('message', event => { window.heard = event.data }) }"
OPENS = "address => { open(address) }"


def _clients_pages(route: Route) -> None:
    tells = "<script>opener.postMessage(location.search, '*')</script>"
    route.fulfill(body=tells if route.request.url.startswith(CALLBACK) else "A client", content_type="text/html")


def test_the_opener_hears_the_answer(new_tab: NewTab, ana: User, scout: Application) -> None:
    Application.objects.filter(pk=scout.pk).update(redirect_uris=CALLBACK)
    tab = new_tab(signed_in=ana)
    query = "&".join(f"{name}={value}" for name, value in authorize_query(redirect_uri=CALLBACK).items())

    def connect(page: Page) -> str:
        page.context.route(f"{CLIENTS_PAGE}**", _clients_pages)
        page.goto(CLIENTS_PAGE)
        page.evaluate(LISTENS)
        with page.expect_popup() as opened:
            page.evaluate(OPENS, f"{tab.origin}/v1/oauth/authorize?{query}")
        opened.value.get_by_role("button", name="Approve").click()
        page.wait_for_function("window.heard")
        return str(page.evaluate("window.heard"))

    assert "code=" in tab.do(connect)
