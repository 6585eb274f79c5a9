"""Toy operations and a toy authority: the door is tested without the rooms behind it."""

from collections.abc import Iterable
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from movmo.kit.errors import DomainError, Kind
from movmo.kit.ids import new_id
from movmo.operations.context import Caller, Context, Door, Request, View
from movmo.operations.spec import GET, POST, Credentials, Effect, Idempotency, operation
from partners import authentication
from partners.authentication import TokenInvalid

ANA = UUID("0198c0de-0000-7000-8000-00000000a0aa")
SECRET = "the database password is hunter2"


class SoldOutToy(DomainError):
    kind = Kind.CONFLICT
    code = "toy_sold_out"
    message = "Kite {kite} is sold out."
    hint = "Call look_at_kite with another name."
    retryable = True


class LookAtKite(Request):
    name: str = Field(description="The kite's name", min_length=2, max_length=20)
    title: str | None = Field(default=None, description="A title to print on it")


class KiteView(View):
    name: str
    note: str | None
    seen_by: UUID


class OddView(View):
    """A view that cannot be written down."""

    thing: Any


class BuyKite(Request):
    name: str = Field(description="The kite's name")


class PurchaseView(View):
    id: UUID
    name: str


def declare() -> None:
    """Register the toys. The caller restores the registry."""
    _declare_sound_kites()
    _declare_broken_kites()
    _declare_hidden_kite()


def _declare_sound_kites() -> None:
    @operation(
        "look_at_kite",
        rest=GET("/v1/kites/{name}"),
        needs=Credentials.KEY_AND_USER,
        scopes=("flights:read",),
        effect=Effect.READ,
        errors=(SoldOutToy,),
    )
    def look_at_kite(ctx: Context, request: LookAtKite) -> KiteView:
        """Look at a kite

        Use it before you buy one. Next: buy_kite.
        """
        if request.name == "gone":
            raise SoldOutToy(kite=new_id(), retry_after=7)
        return KiteView(name=request.name, note=request.title, seen_by=ctx.traveler_id)

    @operation(
        "buy_kite",
        rest=POST("/v1/kites"),
        needs=Credentials.KEY_AND_USER,
        scopes=("bookings:read", "bookings:write"),
        effect=Effect.WRITE,
        idempotency=Idempotency.REQUIRED,
        errors=(SoldOutToy,),
    )
    def buy_kite(ctx: Context, request: BuyKite) -> PurchaseView:
        """Buy a kite

        Spends money.
        """
        return PurchaseView(id=ctx.resource_id, name=request.name)


def _declare_broken_kites() -> None:
    @operation(
        "tear_kite",
        rest=GET("/v1/torn-kites"),
        needs=Credentials.KEY_AND_USER,
        scopes=("flights:read",),
        effect=Effect.READ,
        errors=(SoldOutToy,),
    )
    def tear_kite(ctx: Context, request: LookAtKite) -> KiteView:
        """Tear a kite

        It always breaks.
        """
        raise RuntimeError(SECRET)

    @operation(
        "odd_kite",
        rest=GET("/v1/odd-kites"),
        needs=Credentials.KEY_AND_USER,
        scopes=("flights:read",),
        effect=Effect.READ,
        errors=(SoldOutToy,),
    )
    def odd_kite(ctx: Context, request: LookAtKite) -> OddView:
        """An odd kite

        Its view breaks after the work is done.
        """
        return OddView(thing=object())


def _declare_hidden_kite() -> None:
    @operation(
        "hidden_kite",
        rest=GET("/v1/hidden-kites"),
        needs=Credentials.KEY_AND_USER,
        scopes=("flights:read",),
        effect=Effect.READ,
        errors=(SoldOutToy,),
        tool=False,
    )
    def hidden_kite(ctx: Context, request: LookAtKite) -> KiteView:
        """A kite without a tool

        Not for agents.
        """
        raise AssertionError


class ToyAuthority:
    """Tokens are words. Counts how often it was asked."""

    TOKENS = {
        "narrow": frozenset({"flights:read"}),
        "wide": frozenset({"flights:read", "bookings:read", "bookings:write"}),
    }

    def __init__(self) -> None:
        self.asked = 0

    def authenticate(self, *, door: Door, api_key: str | None, bearer: str | None, request_id: str) -> Caller:
        self.asked += 1
        if bearer == "crash":
            raise RuntimeError(SECRET)
        if bearer not in self.TOKENS:
            raise TokenInvalid
        return Caller(door=door, user_id=ANA, client_id="scout", scopes=self.TOKENS[bearer], request_id=request_id)

    def challenge(
        self, error: str | None, scopes: Iterable[str], resource: Literal["mcp", "rest"], description: str | None
    ) -> str:
        return authentication.challenge(error, scopes, resource, description)
