"""Importing this module declares every operation of partners."""

from partners.plan import operations as plan

__all__ = ["plan"]
