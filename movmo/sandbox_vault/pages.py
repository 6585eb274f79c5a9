"""What browsers get from the sandbox vault: its script, the two fields in their frames, and the bank's page."""

from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

from movmo.sandbox_vault.desk import Authorization

STATIC = Path(__file__).parent / "static"
LABELS = {"number": "Card number", "cvv": "Security code"}
HINTS = {"number": ("cc-number", "4242 4242 4242 4242", 23), "cvv": ("cc-csc", "123", 4)}

FIELD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{label}</title>
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/fields/static/field.css"></head>
<body data-field="{field}" data-origin="{origin}">
<input id="value" aria-label="{label}" type="text" inputmode="numeric" autocomplete="{autocomplete}"
 placeholder="{placeholder}" maxlength="{longest}" spellcheck="false">
<script src="/fields/static/field.js"></script></body></html>
"""
CHALLENGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Your bank</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/fields/static/field.css"></head>
<body class="bank"><main>
<h1>Sandbox Bank</h1>
{content}
<p class="back"><a href="{return_to}/accounts/trips/">Back to Movmo</a></p>
</main><script src="/fields/static/bank.js"></script></body></html>
"""
ASKED = """<p>Do you want to pay {amount} {currency} to Movmo Sandbox Air?</p>
<form method="post"><button name="answer" value="approve">Approve</button>
<button name="answer" value="decline" class="second">Decline</button></form>"""
ANSWERED = "<p>Thank you. This payment of {amount} {currency} was {status}.</p>"


def script() -> Response:
    return FileResponse(STATIC / "iframe.js", media_type="text/javascript", headers=_headers("'none'"))


async def static(request: Request) -> Response:
    name = request.path_params["name"]
    types = {"field.js": "text/javascript", "bank.js": "text/javascript", "field.css": "text/css"}
    if name not in types:
        return PlainTextResponse("not found", 404)
    return FileResponse(STATIC / name, media_type=types[name], headers=_headers("'none'"))


def field(name: str, *, page_origins: tuple[str, ...]) -> Response:
    """Every page around it is named as one that may frame it. Only the first, Movmo's own, is listened to: a shop that
    frames a field itself gets no token out of it.
    """
    if name not in LABELS:
        return PlainTextResponse("not found", 404)
    autocomplete, placeholder, longest = HINTS[name]
    page = FIELD.format(
        field=name,
        label=LABELS[name],
        origin=escape(page_origins[0]),
        autocomplete=autocomplete,
        placeholder=placeholder,
        longest=longest,
    )
    return HTMLResponse(page, headers=_headers(" ".join(page_origins)))


def challenge(authorization: Authorization, *, page_origins: tuple[str, ...]) -> Response:
    """The cardholder's bank asks. Framed by the checkout inside of a partner's page, so that both must be named; the
    first origin is Movmo's own.
    """
    template = ASKED if authorization.status == "requires_action" else ANSWERED
    content = template.format(
        amount=escape(authorization.amount),
        currency=escape(authorization.currency),
        status=escape(authorization.status),
    )
    page = CHALLENGE.format(content=content, return_to=escape(page_origins[0]))
    return HTMLResponse(page, headers=_headers(" ".join(page_origins)))


def _headers(frame_ancestors: str) -> dict[str, str]:
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors {frame_ancestors}"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
