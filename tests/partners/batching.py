"""What tests of batches do again and again: write lines, leave them, let workers run them, read the results."""

from typing import Any
from uuid import UUID

import orjson

from movmo.accounts.models import User
from movmo.operations.context import Caller, Door
from partners import authentication
from partners.batch import running
from partners.batch.models import Batch
from partners.batch.schemas import BatchView, LineView, ResultPage
from partners.partner.models import Partner
from tests import factories
from tests.contract.world import EVERY_SCOPE, new_key
from tests.partners.hooks import ask

LANGUAGE = {"language": "de", "country": "DE", "currency": "EUR"}


def by_real_key(partner: Partner) -> Caller:
    """A batch outlives the call that left it, so its key has to be one that can be found again."""
    key = factories.api_key(partner)
    return authentication.authenticate(door=Door.REST, api_key=key, bearer=None, request_id="batch-tests")


def token_of(user: User) -> str:
    return factories.token(user, EVERY_SCOPE)


def line(operation: str, *, key: str | None = None, token: str | None = None, **arguments: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"operation": operation, "arguments": arguments}
    told |= {"idempotency_key": key} if key else {}
    return told | ({"access_token": token} if token else {})


def passenger(token: str, *, name: str = "Ana", key: str | None = None) -> dict[str, Any]:
    """A write whose repetition would be seen: a second passenger."""
    person = {"given_name": name, "family_name": "Andersson", "birth_date": "1990-05-04", "gender": "F"}
    return line("create_passenger_profile", key=key or new_key(), token=token, **person)


def as_text(*lines: dict[str, Any]) -> str:
    return "\n".join(orjson.dumps(one).decode() for one in lines)


def leave(caller: Caller, *lines: dict[str, Any]) -> UUID:
    made = ask(caller, "create_batch", lines=as_text(*lines))
    assert isinstance(made, BatchView)
    return made.batch_id


def work() -> None:
    running.run_due()


def row(batch_id: UUID) -> Batch:
    return Batch.objects.get(pk=batch_id)


def results(caller: Caller, batch_id: UUID, **filters: Any) -> list[LineView]:
    page = ask(caller, "list_batch_results", batch_id=str(batch_id), **filters)
    assert isinstance(page, ResultPage)
    return page.data
