"""Importing this module declares every operation of the person."""

from movmo.accounts.contact_change import operations as contact_change
from movmo.accounts.preferences import operations as preferences
from movmo.accounts.profile import operations as profile

__all__ = ["contact_change", "preferences", "profile"]
