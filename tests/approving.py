"""The person of an agent under test: decides as the page does, when asked to."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from movmo.kit import clock
from movmo.operations.approval import deciding
from movmo.operations.approval.deciding import ApprovalDecided
from movmo.operations.approval.models import Approval
from movmo.operations.approval.states import Proof

PROOF: Proof = "code"
ASKED = "approval_required"


def say_yes(refusal: dict[str, Any], **options: Any) -> Approval:
    """`refusal` is the envelope of an answer with the code `approval_required`, or its details."""
    asked = asked_by(refusal)
    return deciding.approve(asked.pk, user_id=asked.user_id, proof=PROOF, now=clock.now(), **options)


def is_asked(refusal: dict[str, Any]) -> bool:
    """Whether it is the question; the person has said yes to it by now, if nobody did before."""
    if refusal.get("code") != ASKED:
        return False
    with suppress(ApprovalDecided):
        say_yes(refusal)
    return True


def say_no(refusal: dict[str, Any]) -> Approval:
    asked = asked_by(refusal)
    return deciding.decline(asked.pk, user_id=asked.user_id, proof=PROOF, now=clock.now())


def asked_by(refusal: dict[str, Any]) -> Approval:
    details = refusal.get("details", refusal)
    return Approval.objects.get(pk=UUID(details["approval_id"]))
