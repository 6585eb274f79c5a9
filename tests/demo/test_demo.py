"""The demo's cast can be made again and again, and its credentials land in a file that only the owner reads."""

import contextlib
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from movmo.accounts.models import User
from movmo.accounts.office import second_factor
from movmo.demo import credentials
from movmo.demo.seed import ADMIN, DEVELOPER, Cast, seed
from partners.api_key.models import ApiKey
from partners.oauth.appearance import home_of
from partners.oauth.models import Application
from partners.partner.models import Partner
from partners.plan.models import UsagePlan
from tests.accounts.person import sign_in

CAST = Cast("mvm_test_a", "mvm_test_b", "partner.jwt", "agent.jwt", "it's a password", "KEY", ["11111111"])

ITS_OWN_DATABASE = pytest.mark.skipif(connection.vendor == "postgresql", reason="the demo has a SQLite of its own")


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


@pytest.mark.django_db
def test_the_seeded_developer_comes_to_their_partners_pages() -> None:
    seed()
    assert sign_in(DEVELOPER).get("/partner/")["Location"] == "/partner/aviare/"


@pytest.mark.django_db
def test_a_partners_back_end_is_no_program_on_a_device() -> None:
    seed()
    homes = {
        client.client_id: home_of(client)
        for client in Application.objects.filter(client_id__in=("aviare-web", "scout"))
    }
    assert homes == {"aviare-web": "aviare.example", "scout": ""}


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


def _environment(var: Path, **changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "MOVMO_BROKER_URL")}
    return {**kept, "MOVMO_ORIGIN": f"http://127.0.0.1:{_two_free_ports()}", "MOVMO_VAR": str(var), **changes}


def _two_free_ports() -> int:
    """The first of two; the vault takes the second."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first, contextlib.suppress(OSError):
            port: int = first.getsockname()[1]
            with socket.create_server(("127.0.0.1", port + 1)):
                return port


@ITS_OWN_DATABASE
def test_the_whole_story_is_told_from_nothing(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        env=_environment(tmp_path, DEMO_EXIT="1"),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    told = ran.stdout
    by_partner, by_agent = re.split("An agent without a model", told)
    assert re.search(r"create_booking +PNR [A-Z2-9]{6}, ticketed, ticket \d{13}", by_partner)
    assert re.search(r"create_booking +PNR [A-Z2-9]{6}, held", by_agent)
    assert told.count("the same booking") == 2
    assert re.search(
        r"Ana wishes +LHR to JFK on \d{4}-\d\d-\d\d\n +the cheapest that may be held .* and refunded", by_agent
    )
    asked = r"Ana is asked +(Hold|Cancel) London to New York on .*\n +http://127\.0\.0\.1:\d+/approvals/[0-9a-f-]{36}\n"
    assert re.findall(asked, by_agent) == ["Hold", "Cancel"]
    assert by_agent.count("signed in with a code, she approves") == 2
    assert re.search(
        r"get_booking +PNR [A-Z2-9]{6}, held\n.*pays over REST\n +get_booking .*, ticketed, ticket", by_agent
    )
    assert re.search(r"[1-9]\d+\.\d\d GBP would be given back", by_agent)
    assert re.search(r"cancel_booking +PNR [A-Z2-9]{6}, cancelled", by_agent)
    assert re.search(r"events +\d+ published, the last is booking\.cancelled\.v1", told)
    assert re.search(r"letters to Ana +[1-9]\d*\n(    .*\n)*    Cancelled: London to New York", told)
    assert told.endswith("Without DEMO_EXIT=1 it stays up, to be explored.\n")
    assert "Explore\n" not in told
    assert ran.stderr == "", "workers tell what is wrong, and nothing was"


@ITS_OWN_DATABASE
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc tells who is whose child")
@pytest.mark.parametrize("end", ["Ctrl-C", "the terminal closes", "the worker dies"])
def test_nothing_outlives_the_demo(tmp_path: Path, end: str) -> None:
    command = [sys.executable, "manage.py", "demo"]
    with subprocess.Popen(command, env=_environment(tmp_path), stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        told = "".join(takewhile(lambda line: "Everything stays up" not in line, demo.stdout))
        assert re.search(r"second step: \d{8}, at the next sign-in \d{8}", told)
        family = _descendants(demo.pid)
        worker = next(pid for pid in family if "celery" in Path(f"/proc/{pid}/cmdline").read_text())
        if end == "the worker dies":
            os.killpg(worker, signal.SIGKILL)
        else:
            demo.send_signal(signal.SIGINT if end == "Ctrl-C" else signal.SIGHUP)
        code = demo.wait(40)
        ending = demo.stdout.read()
    assert code == (1 if end == "the worker dies" else 0)
    assert ending == ("\nStopped.\n" if code == 0 else "")
    assert len(family) == 4, "web, vault, worker and its clock"
    assert [left for pid in family if (left := _running(pid))] == []


def _descendants(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(grandchild for child in children for grandchild in _descendants(child))]


def _running(pid: int) -> str:
    """What runs under this id; nothing of a process that has ended, even if nobody has asked how."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""
