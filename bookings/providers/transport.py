"""The guard between us and the wire: a provider is never called while a transaction is open.

A call inside a transaction holds locks for as long as the provider takes, and a rollback would forget an order that
exists. This package knows no database, so the application installs the question at start-up.
"""

from collections.abc import Callable

_transaction_is_open: Callable[[], bool] | None = None


class CalledInTransaction(RuntimeError):
    """A programming error: commit first, then call the provider."""


def install(transaction_is_open: Callable[[], bool]) -> None:
    global _transaction_is_open
    _transaction_is_open = transaction_is_open


def refuse_in_transaction() -> None:
    """Raises CalledInTransaction. Every adapter calls this before it talks to its provider."""
    if _transaction_is_open is not None and _transaction_is_open():
        raise CalledInTransaction("a provider was called inside an open transaction")
