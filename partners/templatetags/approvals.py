"""How many questions wait, for the navigation of a person's pages."""

from typing import Any

from django import template

from movmo.kit import clock
from movmo.operations.approval.models import Approval

register = template.Library()


@register.simple_tag
def waiting_approvals(user: Any) -> int:
    if not user.is_authenticated:
        return 0
    return Approval.objects.waiting(clock.now()).filter(user_id=user.pk).count()
