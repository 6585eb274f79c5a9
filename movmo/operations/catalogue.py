"""What everybody may know of the registry: which operations there are. The declarations themselves are for doors."""

from movmo.operations import registry


def names() -> dict[str, str]:
    """The title of each operation by its name, in the order of declaration."""
    return {known.name: known.title for known in registry.all_operations()}
