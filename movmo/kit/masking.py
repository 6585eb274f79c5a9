"""Secrets that got into a line of text after all, made unreadable by their shape.

The second line of defence: the first is that nobody writes them. What has no shape of its own (an authorization code, a
client's secret) is known by the name before it.
"""

import re

MASK = "[masked]"

API_KEY = re.compile(r"(mvm_(?:live|test)_)[0-9A-Za-z]{36}")
REFRESH_TOKEN = re.compile(r"(mvmr_)[\w-]{20,}", re.ASCII)
WEBHOOK_SECRET = re.compile(r"(whsec_)[0-9A-Za-z+/]{20,}={0,2}")
JWT = re.compile(r"(eyJ)[\w-]{8,}\.[\w-]{8,}\.[\w-]*", re.ASCII)
CREDENTIALS = re.compile(r"(\b(?:bearer|basic)[ +])[\w.~+/=-]{12,}", re.ASCII | re.IGNORECASE)
PEM = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?-----END", re.DOTALL)
NAMES = (
    r"code|code_verifier|device_code|client_secret|(?:access|refresh|id|registration_access)_token|client_assertion"
    r"|password|api_key|x-api-key|x_api_key|secret|token|csrfmiddlewaretoken|sessionid"
)
# In a query (code=…), in JSON and in a string within JSON ("code": "…", \"code\": \"…\"), in a repr ('code': '…').
# Words like `token_invalid` are the codes of our own refusals.
NAMED = re.compile(
    rf"""((?<![\w-])(?i:{NAMES})(?:=|\\?["']\s*[:,]\s*\[?\\?["']))(?![a-z_]+(?:[\s"'&\\,]|$))[^\s"'&\\<>]{{6,}}"""
)

SHAPES = (API_KEY, REFRESH_TOKEN, WEBHOOK_SECRET, JWT, CREDENTIALS, PEM, NAMED)


def mask(line: str) -> str:
    """The line with every secret in it replaced but for what tells its sort."""
    for shape in SHAPES:
        line = shape.sub(rf"\1{MASK}", line)
    return line
