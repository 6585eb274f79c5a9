"""Who calls, and what a handler is told about the call."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from movmo.kit.ids import new_id


class Door(StrEnum):
    REST = "rest"
    MCP = "mcp"
    PAGES = "pages"
    CHECKOUT = "checkout"
    OFFICE = "office"
    """Of staff, who run no operations: their own pages write lines of their own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A partner's usage plan: `rate` requests a second on average, `burst` at once, `month_quota` a calendar month.

    None means no quota, and every operation.
    """

    name: str
    rate: int
    burst: int
    month_quota: int | None = None
    operations: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified credential, whatever door it came through.

    `user_id` is the traveler of the access token, `partner_id` the owner of the API key; either may be absent.
    `is_live_key` is whether that key is for live providers; None where no key came. `tool_limits` are calls a minute by
    tool, where staff set them for the token's client. `client_partner_id` is the partner that the client belongs to.
    `checkout_id` is the checkout session whose frame calls. `is_part`: another call makes this one, as
    a part of itself.
    """

    door: Door
    user_id: UUID | None = None
    partner_id: UUID | None = None
    api_key_id: UUID | None = None
    client_id: str | None = None
    client_partner_id: UUID | None = None
    checkout_id: UUID | None = None
    scopes: frozenset[str] = frozenset()
    plan: Plan | None = None
    is_live_key: bool | None = None
    tool_limits: Mapping[str, int] = field(default_factory=dict)
    request_id: str = ""
    is_part: bool = False

    @property
    def owner_id(self) -> UUID | None:
        """Whom idempotency keys belong to: the traveler, else the partner. Never the client, so that doors converge."""
        return self.user_id or self.partner_id

    @property
    def counted_for(self) -> UUID | None:
        """The partner in whose usage and month a call counts. What a traveler does in a checkout is no call of its
        partner's, and neither is a part of a call: opening the checkout is one, all in all."""
        return None if self.is_part or self.door is Door.CHECKOUT else self.partner_id


Report = Callable[[int, int, str], None]
"""How far a long call has come, for the person who waits: steps done, of how many, and a sentence of our own words."""


def to_nobody(done: int, total: int, message: str) -> None:
    """The report of a door that cannot tell anything before its answer."""


@dataclass(frozen=True, slots=True)
class Context:
    """One call. `now` is when it came in; `clock` tells the time to those who wait for a provider in between.

    `resource_id` is the id for whatever this call creates. `report` never blocks and never fails.
    """

    caller: Caller
    now: datetime
    clock: Callable[[], datetime]
    resource_id: UUID = field(default_factory=new_id)
    report: Report = to_nobody

    @property
    def traveler_id(self) -> UUID:
        """The traveler of a call whose operation needs one."""
        if self.caller.user_id is None:
            raise RuntimeError("this operation was declared without a traveler")
        return self.caller.user_id

    @property
    def partner_id(self) -> UUID:
        """The partner of a call whose operation needs a key."""
        if self.caller.partner_id is None:
            raise RuntimeError("this operation was declared for keys and came without one")
        return self.caller.partner_id


class Request(BaseModel):
    """Base of every operation's input. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class PageRequest(Request):
    """Base of the lists: a page of at most `limit` rows after the one that `cursor` points at."""

    limit: int = Field(default=20, ge=1, le=100, description="How many rows a page holds.", examples=[20])
    cursor: str | None = Field(
        default=None, max_length=300, description="`next_cursor` of the page before; leave out for the first page."
    )


class View(BaseModel):
    """Base of every operation's result."""

    model_config = ConfigDict(frozen=True)

    document_type: ClassVar[str] = "application/json"
    """Of `document`."""

    def document(self) -> str:
        """The result where a whole text is asked for: the same JSON, or, of what is a text itself, that."""
        return self.model_dump_json()

    def is_undecided(self) -> bool:
        """True when the call was accepted and its outcome is still open (REST answers 202)."""
        return False


class Stream(View):
    """A list whole: its rows are read as they are taken."""

    rows: SkipValidation[Iterable[View]]


# No docstring: it would become the schema's public description.
class NoArguments(Request):
    pass
