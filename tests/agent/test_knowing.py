"""scout knows what the server tells and nothing more: under other names it finds its way as well."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from movmo.demo import agent as package
from movmo.demo.agent.agent import Agent
from movmo.operations import registry
from movmo.operations.arguments import KEY_FIELD
from tests.agent.scene import BOOK, CANCEL, Scene
from tests.agent.wires import Renamed


def tools() -> set[str]:
    return {operation.name for operation in registry.tools()}


def fields(wish: dict[str, Any]) -> set[str]:
    """What the tools take and give, but for the words of the wish, and for those that are plain English."""
    models = [model for one in registry.tools() for model in (one.request_model, one.result_model)]
    taken = {KEY_FIELD, "slot_id", *(name for model in models for name in model.model_fields)}
    return {name for name in taken if "_" in name} - set(wish) | {"total", "provider"}


def test_scout_books_and_cancels_at_a_server_with_other_names(scene: Scene) -> None:
    plain = {**scene.wish, "family_name": "PRICEUP"}
    scene.wish["family_name"] = "PRICEUP"
    numbers = itertools.count(1)
    names = {name: f"zq{next(numbers)}x" for name in sorted(tools() | fields(plain))}
    scene.wire = Renamed(names)

    async def there_and_back(agent: Agent) -> Any:
        assert not tools() & set(agent.catalogue.uses)
        booked = await agent.fulfil(BOOK)
        return booked, await agent.fulfil(CANCEL)

    booked, cancelled = scene.play(there_and_back)
    assert (booked["status"], cancelled["status"]) == ("ticketed", "cancelled")
    assert names["create_booking"] in scene.called
    assert scene.questions == ["used", "used", "used"]
    assert [order.status for order in scene.orders] == ["cancelled"]


@pytest.mark.parametrize("path", sorted(Path(str(package.__file__)).parent.glob("*.py")), ids=lambda path: path.name)
def test_no_name_of_a_tool_or_a_field_stands_in_the_script(path: Path, modern: Scene) -> None:
    written = set(re.findall(r"\w+", path.read_text()))
    assert not written & tools()
    assert not written & fields(modern.wish) - {"provider", "total"}
