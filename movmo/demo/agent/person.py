"""Whom the agent works for. It asks them before it spends their money, and shows them the pages that are for them."""

from typing import Any, Protocol


class Person(Protocol):
    async def agrees(self, what: str, facts: dict[str, Any]) -> bool:
        """Asked in the conversation, before anything that cannot be undone. Their word there is no approval."""
        ...

    async def visits(self, address: str, why: str) -> bool:
        """Shown a page, and back from it. False: they would not go."""
        ...
