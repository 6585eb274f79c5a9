"""What a visitor sees who brings no credential: the start page, and the pages for what went wrong."""

import pytest
from django.template.loader import render_to_string
from django.test import Client

from movmo.accounts.models import User

pytestmark = pytest.mark.django_db


def test_the_start_page_leads_to_every_door(client: Client) -> None:
    answer = client.get("/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert [link for link in ("/docs", "/accounts/login/", "/admin/", "/mailbox") if f'href="{link}"' not in page] == []
    assert "<script" not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_links_of_the_start_page_open(client: Client) -> None:
    for link in ("/docs", "/accounts/login/", "/admin/", "/mailbox"):
        assert client.get(link, follow=True).status_code == 200


def test_who_is_signed_in_is_not_asked_to_sign_in(client: Client, ana: User) -> None:
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/").content.decode()
    assert "Signed in as ana@example.com" in page
    assert "/accounts/login/" not in page


def test_a_person_who_is_lost_gets_a_page(client: Client) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


def test_a_form_that_cannot_be_checked_gets_a_page(ana: User) -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"email": "ana@example.com"})
    assert answer.status_code == 403
    assert "Please try that again" in answer.content.decode()


@pytest.mark.parametrize("template", ["400.html", "403.html", "500.html"])
def test_pages_for_what_went_wrong_need_no_context(template: str) -> None:
    assert 'href="/"' in render_to_string(template)


def test_too_many_wrong_codes_are_said_to_be_so(client: Client) -> None:
    client.post("/accounts/login/", {"email": "ana@example.com"})
    for _ in range(3):
        answer = client.post("/accounts/login/code/", {"code": "000000"})
    assert answer.headers["Location"] == "/accounts/login/"
    assert "was tried three times" in client.get("/accounts/login/").content.decode()
