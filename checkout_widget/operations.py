"""Importing this module declares every operation of the express checkout."""

from checkout_widget.session import operations as session

__all__ = ["session"]
