"""The demo's cast can be made again and again, and its credentials land in a file that only the owner reads."""

import os
import re
import shlex
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from movmo.accounts.models import User
from movmo.accounts.office import second_factor
from movmo.demo import credentials
from movmo.demo.seed import ADMIN, Cast, seed
from partners.api_key.models import ApiKey
from partners.oauth.models import Application
from partners.partner.models import Partner
from partners.plan.models import UsagePlan

CAST = Cast("mvm_test_a", "mvm_test_b", "partner.jwt", "agent.jwt", "it's a password", "KEY", ["11111111"])


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.django_db
def test_a_second_seed_makes_new_credentials_and_nothing_else() -> None:
    first = seed()
    before = [model.objects.count() for model in (User, Partner, UsagePlan, Application)]
    second = seed()
    assert [model.objects.count() for model in (User, Partner, UsagePlan, Application)] == before
    assert not {first.api_key, first.partner_token, first.admin_password} & {
        second.api_key,
        second.partner_token,
        second.admin_password,
    }
    assert ApiKey.objects.filter(revoked_at=None).count() == 2


def _admin_page(password: str, second_step: str) -> int:
    browser = Client()
    browser.post("/admin/login/", {"username": ADMIN, "password": password, "next": "/admin/"})
    browser.post("/accounts/second-factor/", {"code": second_step, "next": "/admin/"})
    return browser.get("/admin/").status_code


@pytest.mark.django_db
def test_the_seeded_admin_comes_in_with_the_newest_password_and_codes_only() -> None:
    old, new = seed(), seed()
    assert _admin_page(new.admin_password, new.admin_codes[0]) == 200
    assert _admin_page(new.admin_password, new.admin_codes[0]) == 302
    assert _admin_page(new.admin_password, new.admin_codes[1]) == 200
    app_shows = second_factor.code_at(new.admin_app_key, second_factor.current_counter())
    assert _admin_page(new.admin_password, app_shows) == 200
    assert _admin_page(old.admin_password, new.admin_codes[2]) == 302
    assert _admin_page(new.admin_password, old.admin_codes[0]) == 302


def test_the_credentials_are_a_file_for_the_shell(tmp_path: Path) -> None:
    kept = tmp_path / "demo.env"
    kept.touch(mode=0o644)
    path = credentials.write(CAST, tmp_path)
    assert path == kept
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    exported = dict(line.split("=", 1) for line in shlex.split(path.read_text()) if line != "export")
    assert exported == {"MOVMO_KEY": "mvm_test_a", "MOVMO_TOKEN": "partner.jwt", "MOVMO_AGENT_TOKEN": "agent.jwt"}
    assert list(tmp_path.iterdir()) == [kept]


def test_the_path_is_told_as_one_would_type_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert credentials.as_typed(tmp_path / "var" / "demo.env") == "var/demo.env"
    assert credentials.as_typed(tmp_path.parent / "demo.env") == str(tmp_path.parent / "demo.env")


def test_the_demo_refuses_production(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="does not run in production"):
        call_command("demo")


def test_a_taken_port_is_named(settings: Any, taken_port: int) -> None:
    settings.ORIGIN = f"http://127.0.0.1:{taken_port}"
    with pytest.raises(CommandError, match=f"127.0.0.1:{taken_port} is in use already"):
        call_command("demo")


@pytest.mark.django_db
def test_the_whole_story_is_told_from_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"MOVMO_ORIGIN": f"http://127.0.0.1:{port}", "MOVMO_VAR": str(tmp_path), "DEMO_EXIT": "1"}
    told = subprocess.run(
        [sys.executable, "manage.py", "demo"], env=environment, capture_output=True, text=True, timeout=120, check=True
    ).stdout
    assert len(re.findall(r"PNR ([A-Z2-9]{6}), confirmed, ticket \d{13}", told)) == 2
    assert told.count("the same booking") == 2
    assert re.search(r"second step: \d{8}, at the next sign-in \d{8}", told)
