"""A toy domain behind the real door and the real pipeline: paper planes, kept in a dictionary."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from types import ModuleType
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from movmo.kit.errors import DomainError, Kind, NotFound
from movmo.kit.ids import new_id
from movmo.operations import registry
from movmo.operations.context import Caller, Context, Door, Plan, Request, View
from movmo.operations.spec import DELETE, GET, POST, PUT, Credentials, Effect, Idempotency, operation
from movmo.rest.urls import routes

ANA = UUID("0198f3c2-0000-7000-8000-000000000001")
AVIARE = UUID("0198f3c2-0000-7000-8000-000000000002")
SWIFT = UUID("0198f3c2-0000-7000-8000-000000000003")

PLAN = Plan("toys", 10_000, 10_000)

hangar: dict[UUID, str] = {}


class ToyRefusal(DomainError):
    kind = Kind.RULE
    code = "toy_refused"
    message = "The toy said no because of {reason}."
    hint = "Ask again nicely."


class ToyBadToken(DomainError):
    kind = Kind.UNAUTHENTICATED
    code = "token_of_toy_bad"
    message = "The toy token is bad."
    hint = "Get another."


REFUSALS = {
    kind: type(
        f"Toy{kind.title()}",
        (DomainError,),
        {"kind": kind, "code": f"toy_{kind}", "message": "No: {why}.", "hint": "Wait.", "__module__": __name__},
    )
    for kind in Kind
}


class Sail(Request):
    colour: Literal["red", "white"] = Field(description="Of the paper.")
    metres: int = Field(description="Span.", ge=1)


class ReadPlane(Request):
    plane_id: UUID = Field(description="Which plane.")
    as_of: date | None = Field(None, description="On which day.")
    limit: int = Field(10, description="How many.", ge=1, le=50)


class BuildPlane(Request):
    name: str = Field(description="Its name.", examples=["Swift"], max_length=40)
    sails: list[Sail] = Field([], description="Its sails.")


class RenamePlane(Request):
    plane_id: UUID = Field(description="Which plane.")
    name: str = Field(description="Its new name.", examples=["Swallow"])


class OnePlane(Request):
    plane_id: UUID = Field(description="Which plane.")


class AskForRefusal(Request):
    kind: Kind = Field(description="Which kind of refusal.")
    crash: bool = Field(False, description="Break instead.")


class PlaneView(View):
    plane_id: UUID
    name: str = Field(examples=["Swift"])
    in_the_air: bool = False

    def is_undecided(self) -> bool:
        return self.in_the_air


def get_plane(ctx: Context, request: ReadPlane) -> PlaneView:
    """Show a plane

    With its `name`."""
    if request.plane_id not in hangar:
        raise NotFound("plane")
    return PlaneView(plane_id=request.plane_id, name=hangar[request.plane_id])


def build_plane(ctx: Context, request: BuildPlane) -> PlaneView:
    """Build a plane

    Of paper."""
    hangar[ctx.resource_id] = request.name
    return PlaneView(plane_id=ctx.resource_id, name=request.name)


def rename_plane(ctx: Context, request: RenamePlane) -> PlaneView:
    """Rename a plane

    For good."""
    hangar[request.plane_id] = request.name
    return PlaneView(plane_id=request.plane_id, name=request.name)


def scrap_plane(ctx: Context, request: OnePlane) -> PlaneView:
    """Scrap a plane

    It does not come back."""
    return PlaneView(plane_id=request.plane_id, name=hangar.pop(request.plane_id))


def launch_plane(ctx: Context, request: BuildPlane) -> None:
    """Launch a plane

    Nobody knows where it lands."""
    hangar[ctx.resource_id] = request.name


def fly(ctx: Context, resource_id: UUID) -> PlaneView:
    return PlaneView(plane_id=resource_id, name=hangar[resource_id], in_the_air=True)


def refuse(ctx: Context, request: AskForRefusal) -> PlaneView:
    """Refuse

    In the way asked for."""
    if request.crash:
        raise ZeroDivisionError("the secret detail")
    raise REFUSALS[request.kind](why="the toy is tired", retry_after=7)


PLANES = "/v1/users/{user_id}/planes"
PLANE = PLANES + "/{plane_id}"
RESOURCE = "planes://v1/{plane_id}"


def declare() -> None:
    """Put the toys into the registry."""
    user: dict[str, Any] = {"needs": Credentials.KEY_AND_USER, "errors": (NotFound, ToyRefusal)}
    read: dict[str, Any] = {"scopes": ("flights:read",), "effect": Effect.READ, **user}
    write: dict[str, Any] = {"scopes": ("offers:write",), "effect": Effect.WRITE, **user}
    forever: dict[str, Any] = {**write, "effect": Effect.IRREVERSIBLE}
    operation("get_plane", rest=GET(PLANE), resource=RESOURCE, **read)(get_plane)
    operation("build_plane", rest=POST(PLANES), resource=RESOURCE, **write)(build_plane)
    operation("rename_plane", rest=PUT(PLANE), **write)(rename_plane)
    operation("scrap_plane", rest=DELETE(PLANE), **forever)(scrap_plane)
    operation(
        "launch_plane",
        rest=POST(PLANES + "/launches"),
        idempotency=Idempotency.REQUIRED,
        resource=RESOURCE,
        advance=fly,
        **forever,
    )(launch_plane)
    operation("refuse", rest=GET("/v1/refusals"), needs=Credentials.KEY, scopes=(), effect=Effect.READ)(refuse)


@dataclass
class ToyCredentials:
    """Knows one key, of the plan, and one token, of the scopes; `breaks` makes the check itself crash."""

    scopes: frozenset[str] = frozenset({"flights:read", "offers:write"})
    breaks: bool = False
    plan: Plan = PLAN
    api_key_id: UUID = field(default_factory=new_id)

    def authenticate(self, *, door: Door, api_key: str | None, bearer: str | None, request_id: str) -> Caller:
        if self.breaks:
            raise RuntimeError("the secret detail")
        if bearer not in (None, "ana"):
            raise ToyBadToken
        return Caller(
            door=door,
            user_id=ANA if bearer else None,
            partner_id=AVIARE if api_key else None,
            api_key_id=self.api_key_id if api_key else None,
            scopes=self.scopes if bearer else frozenset(),
            plan=self.plan if api_key else None,
            request_id=request_id,
        )

    def challenge(
        self, error: str | None, scopes: Iterable[str], resource: Literal["mcp", "rest"], description: str | None
    ) -> str:
        return f"Bearer error={error} scope={' '.join(scopes)} resource={resource}"


def urlconf(credentials: ToyCredentials) -> ModuleType:
    """A URL configuration of the toys alone, with the door's error pages."""
    module = ModuleType("toy_urls")
    module.__dict__.update(
        urlpatterns=routes(registry.all_operations(), credentials),
        handler400="movmo.rest.pages.bad_request",
        handler404="movmo.rest.pages.not_found",
        handler500="movmo.rest.pages.crashed",
    )
    return module
