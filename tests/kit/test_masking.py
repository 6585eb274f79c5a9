"""What looks like a secret is unreadable in a line of the log, whatever wrote it there."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from movmo import logs
from movmo.kit.masking import MASK, mask
from partners.api_key import secret
from partners.oauth import tokens
from partners.webhook import signing

JWT = "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJlLW9mLW91cnM"
CODE = "u3dWQ1x8rZk0TfLhYpN5sVbGmC7aEo"


SHAPED = {
    "live key": secret.generate(live=True),
    "test key": secret.generate(live=False),
    "refresh token": tokens.refresh_token(None),
    "access token": JWT,
    "webhook secret": signing.as_text(bytes(range(32))),
}


@pytest.mark.parametrize("sort", SHAPED)
@pytest.mark.parametrize("line", ["{}", "key {} used", '{{"detail": "{}"}}', "GET /v1/x?token={}&y=1", "('{}',)"])
def test_what_has_a_shape_is_found_anywhere(sort: str, line: str) -> None:
    masked = mask(line.format(SHAPED[sort]))
    assert SHAPED[sort][8:] not in masked
    assert MASK in masked


@pytest.mark.parametrize(
    "line",
    [
        f"code={CODE}",
        f"GET /callback?state=s&code={CODE}&iss=x",
        f"{{'code': '{CODE}', 'grant_type': 'authorization_code'}}",
        f"{{'client_secret': ['{CODE}']}}",
        json.dumps({"body": json.dumps({"client_secret": CODE})}),
        f"[('code', '{CODE}'), ('code_verifier', '{CODE}')]",
        f"Authorization: Basic {CODE}==",
        f"Authorization: BEARER {CODE}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CODE}\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_what_has_none_is_known_by_its_name(line: str) -> None:
    assert CODE not in mask(line)


@pytest.mark.parametrize(
    "line",
    [
        '{"code": "token_invalid", "event": "operation.refused"}',
        "mvm_live_abc…wxyz",
        "partner 0198f3c2-7d1e-7a44-9b0c-5f2d1c3e8a10 made a token for scout",
        "bearer of bad news",
    ],
)
def test_nothing_else_is_touched(line: str) -> None:
    assert mask(line) == line


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_is_masked_with_its_line(as_json: bool) -> None:
    raw = secret.generate(live=True)
    try:
        raise RuntimeError(f"cannot use {raw}")
    except RuntimeError:
        record = logging.LogRecord("movmo", logging.ERROR, __file__, 1, "crashed with %s", (raw,), sys.exc_info())
    line = logs.Masked(logs.formatter(as_json=as_json)).format(record)
    assert raw not in line
    assert line.count(f"mvm_live_{MASK}") == 2


SERVED = """
import logging, sys
import uvicorn
uvicorn.Config("movmo.asgi:application", access_log=True)
import movmo.settings
line = ("127.0.0.1:50000", "GET", f"/v1/flights/providers?access_token={sys.argv[1]}", "1.1", 400)
logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', *line)
logging.getLogger("uvicorn.error").error("crashed with %s", sys.argv[1])
"""


def test_the_lines_of_the_server_itself_are_masked_as_well(tmp_path: Path) -> None:
    """As uvicorn does it: its own logging first, then our settings."""
    environment = {**os.environ, "MOVMO_VAR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", SERVED, JWT], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    written = done.stdout + done.stderr
    assert written.count(f"eyJ{MASK}") + written.count(f"access_token={MASK}") == 2
    assert JWT not in written


def test_talkative_libraries_stay_quiet_when_everything_else_is_made_to_talk() -> None:
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    try:
        for name in logs.TELLTALE:
            assert not logging.getLogger(f"{name}.below").isEnabledFor(logging.INFO), name
    finally:
        root.setLevel(before)
