"""The sandbox vault over HTTP, in the shape of Spreedly's API v1. A process and an origin of its own.

    uvicorn movmo.sandbox_vault.app:application --host 127.0.0.1 --port 8001 --no-access-log

The script and the two field pages are for browsers; whatever else there is wants HTTP Basic. Card numbers come in at
`restricted.json` from the field pages and leave in `deliver` for an allow-listed receiver; no answer, no log has one.
A security code comes in there too, or at `recache.json` for a card that is kept, and leaves once.
"""

import json
import secrets
from base64 import b64decode
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from movmo import env
from movmo.sandbox_vault import pages
from movmo.sandbox_vault.cards import Card, CardRefused, Cards
from movmo.sandbox_vault.desk import Authorization, Desk

DESK_PATH = "/desk/authorizations"
CODE_PLACE = "{{credit_card_verification_value}}"


class SandboxVault:
    """`url` is where browsers and Movmo reach it, `page_origins` who may frame its pages, Movmo first: the
    checkout shows them in a frame of a partner's page, and browsers ask for every origin around.
    """

    def __init__(self, *, url: str, environment_key: str, access_secret: str, page_origins: tuple[str, ...]) -> None:
        self._host = urlsplit(url).netloc
        self._credentials = f"{environment_key}:{access_secret}"
        self._environment_key = environment_key
        self._page_origins = page_origins
        self.cards = Cards()
        self.desk = Desk(public_url=url)

    def routes(self) -> list[Route]:
        method = "/v1/payment_methods/{token}"
        return [
            Route("/iframe/iframe-v1.min.js", self._script),
            Route("/fields/{field}", self._field),
            Route("/fields/static/{name}", pages.static),
            Route("/v1/payment_methods/restricted.json", self._capture, methods=["POST"]),
            Route(f"{method}.json", self._show),
            Route(f"{method}/recache.json", self._recache, methods=["POST"]),
            Route(f"{method}/retain.json", self._retain, methods=["PUT"]),
            Route(f"{method}/redact.json", self._redact, methods=["PUT"]),
            Route("/v1/receivers/{receiver}/deliver.json", self._deliver, methods=["POST"]),
            Route("/challenge/{id}", self._challenge, methods=["GET", "POST"]),
        ]

    async def _script(self, request: Request) -> Response:
        return pages.script()

    async def _field(self, request: Request) -> Response:
        return pages.field(request.path_params["field"], page_origins=self._page_origins)

    async def _capture(self, request: Request) -> Response:
        try:
            sent = json.loads(await request.body())
            if sent["environment_key"] != self._environment_key:
                return _error(401, "environment_key", "This environment key is not known here.")
            given = sent["payment_method"]["credit_card"]
            card = self.cards.capture(
                number=str(given["number"]),
                code=str(given["verification_value"]),
                month=int(given["month"]),
                year=int(given["year"]),
                full_name=str(given.get("full_name", "")),
            )
        except CardRefused as refusal:
            return _error(422, refusal.field, str(refusal))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return _error(422, "number", "Fill in number, security code, month and year.")
        return JSONResponse({"transaction": {"succeeded": True, "payment_method": _told(card)}}, 201)

    async def _recache(self, request: Request) -> Response:
        """From the field pages, who have no secret: the card's token and the environment's key must do."""
        try:
            sent = json.loads(await request.body())
            if sent["environment_key"] != self._environment_key:
                return _error(401, "environment_key", "This environment key is not known here.")
            code = str(sent["payment_method"]["credit_card"]["verification_value"])
            card = self.cards.recache(request.path_params["token"], code=code)
        except CardRefused as refusal:
            return _error(422, refusal.field, str(refusal))
        except (ValueError, KeyError, TypeError, RecursionError):
            return _error(422, "verification_value", "Fill in the security code.")
        if card is None:
            return _error(404, "base", "Unable to find the specified payment method.")
        return JSONResponse(_transaction(card, of="RecacheSensitiveData"))

    async def _show(self, request: Request) -> Response:
        card = self.cards.get(request.path_params["token"])
        return self._guarded(request, card, lambda found: {"payment_method": _told(found)})

    async def _retain(self, request: Request) -> Response:
        if not self._is_known(request):
            return _error(401, "base", "Unable to authenticate.")
        card = self.cards.retain(request.path_params["token"])
        return self._guarded(request, card, _transaction)

    async def _redact(self, request: Request) -> Response:
        if not self._is_known(request):
            return _error(401, "base", "Unable to authenticate.")
        card = self.cards.redact(request.path_params["token"])
        return self._guarded(request, card, _transaction)

    async def _deliver(self, request: Request) -> Response:
        """Only the desk of this process is on the list of receivers, so nothing is sent over a wire."""
        if not self._is_known(request):
            return _error(401, "base", "Unable to authenticate.")
        delivery = json.loads(await request.body())["delivery"]
        card = self.cards.get(str(delivery["payment_method_token"]))
        if card is None or card.storage_state == "redacted":
            return _error(404, "base", "Unable to find the specified payment method.")
        target = urlsplit(str(delivery["url"]))
        if target.netloc != self._host or not target.path.startswith(DESK_PATH):
            return _error(422, "url", "This host is not on the receiver's list.")
        status, body = self._at_the_desk(target.path, delivery, card)
        response = {"status": status, "headers": "Content-Type: application/json", "body": json.dumps(body)}
        return JSONResponse({"transaction": {"succeeded": True, "state": "succeeded", "response": response}})

    def _at_the_desk(self, path: str, delivery: dict[str, Any], card: Card) -> tuple[int, dict[str, Any]]:
        wanted = path.removeprefix(DESK_PATH).strip("/")
        if wanted.endswith("/void"):
            return self._answer(self.desk.void(wanted.removesuffix("/void")))
        if wanted:
            return self._answer(self.desk.find(wanted))
        body = json.loads(self._filled(str(delivery["body"]), card))
        made = self.desk.authorize(
            key=str(body["reference"]),
            number=str(body["number"]),
            code=str(body.get("verification_value", "")),
            amount=body["amount"],
            currency=body["currency"],
        )
        return self._answer(made)

    def _filled(self, template: str, card: Card) -> str:
        filled = template.replace("{{credit_card_number}}", card.number)
        return filled.replace(CODE_PLACE, self.cards.take_code(card)) if CODE_PLACE in filled else filled

    def _answer(self, found: Authorization | None) -> tuple[int, dict[str, Any]]:
        return (404, {"error": "unknown authorization"}) if found is None else (200, self.desk.view(found))

    async def _challenge(self, request: Request) -> Response:
        authorization = self.desk.find(request.path_params["id"])
        if authorization is None:
            return HTMLResponse("<h1>Unknown</h1>", 404)
        if request.method == "POST":
            # A form of one button: parsed by hand, so that no form library is needed.
            approved = b"answer=approve" in await request.body()
            self.desk.answer_challenge(authorization.id, approved=approved)
        return pages.challenge(authorization, page_origins=self._page_origins)

    def _guarded(self, request: Request, card: Card | None, tell: Any) -> Response:
        if not self._is_known(request):
            return _error(401, "base", "Unable to authenticate.")
        if card is None:
            return _error(404, "base", "Unable to find the specified payment method.")
        return JSONResponse(tell(card))

    def _is_known(self, request: Request) -> bool:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            given = b64decode(encoded, validate=True).decode()
        except ValueError:
            return False
        return scheme.lower() == "basic" and secrets.compare_digest(given.encode(), self._credentials.encode())


def _transaction(card: Card, *, of: str | None = None) -> dict[str, Any]:
    kind = {"transaction_type": of} if of else {}
    return {"transaction": {"succeeded": True, **kind, "payment_method": _told(card)}}


def _told(card: Card) -> dict[str, Any]:
    return {
        "token": card.token,
        "test": True,
        "storage_state": card.storage_state,
        "payment_method_type": "credit_card",
        "card_type": card.brand,
        "last_four_digits": card.number[-4:],
        "month": card.month,
        "year": card.year,
        "full_name": card.full_name,
        "number": f"XXXX-XXXX-XXXX-{card.number[-4:]}",
        "verification_value": "XXX" if card.code else "",
    }


def _error(status: int, attribute: str, message: str) -> Response:
    return JSONResponse({"errors": [{"attribute": attribute, "key": "errors.invalid", "message": message}]}, status)


def build() -> Starlette:
    """From the same environment as Movmo itself. It does not start in production."""
    if env.is_production():
        raise SystemExit("the sandbox vault takes test cards only: production has a vault of its own")
    access = env.sandbox_vault()
    vault = SandboxVault(page_origins=(env.origin(), *env.names("MOVMO_SANDBOX_VAULT_PAGES", [])), **access)
    return Starlette(routes=vault.routes())


def __getattr__(name: str) -> Any:
    """`application`, built when a server asks for it and not by an import."""
    if name == "application":
        return build()
    raise AttributeError(name)
