"""What everybody may know of the registry: which operations there are. The declarations themselves are for doors."""

from collections.abc import Iterable

from movmo.operations import registry


def names() -> dict[str, str]:
    """The title of each operation by its name, in the order of declaration."""
    return {known.name: known.title for known in registry.all_operations()}


def with_successors(names: Iterable[str]) -> list[str]:
    """Those, and after each version on its way out what follows it: who may call the one may move over."""
    found: list[str] = []
    for name in names:
        following: str | None = name
        while following and following not in found:
            found.append(following)
            known = registry.get(following)
            following = known.deprecated.successor if known and known.deprecated else None
    return found
