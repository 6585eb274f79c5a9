"""Importing this module declares every operation of partners."""

from partners.batch import operations as batch
from partners.event import operations as event
from partners.plan import operations as plan
from partners.webhook import operations as webhook

__all__ = ["batch", "event", "plan", "webhook"]
