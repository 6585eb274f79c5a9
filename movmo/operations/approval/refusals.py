"""What an agent hears while its person has not said yes.

DomainError
├── ApprovalRequired     the person has been asked; the same call again, once they have decided
├── ApprovalDeclined     they said no
├── ApprovalExpired      they did not answer, or the answer was not used in time
└── ApprovalsPending     too many questions wait for them already
"""

from movmo.kit.errors import DomainError, Kind

EXAMPLE = {
    "approval_id": "01920000-0000-7000-8000-000000000001",
    "approval_url": "https://api.movmo.example/approvals/01920000-0000-7000-8000-000000000001",
    "expires_at": "2026-10-01T10:10:00Z",
    "summary": "Book Amsterdam to Lisbon: 412.30 EUR",
}


class ApprovalRequired(DomainError):
    kind = Kind.CONFLICT
    code = "approval_required"
    message = "The traveler has to approve this on a Movmo page first; nothing was done yet."
    hint = (
        "Show the traveler `approval_url` and wait for their word. Then repeat this very call, with the same arguments "
        "and the same idempotency_key. get_approval tells how it stands. You cannot approve it yourself."
    )
    retryable = True
    example = EXAMPLE


class ApprovalDeclined(DomainError):
    kind = Kind.FORBIDDEN
    code = "approval_declined"
    message = "The traveler declined this; nothing was done."
    hint = (
        "Do not try it another way. Only if the traveler changes their mind: make the call with a new idempotency_key."
    )
    example = {"approval_id": EXAMPLE["approval_id"]}


class ApprovalExpired(DomainError):
    kind = Kind.FORBIDDEN
    code = "approval_expired"
    message = "The approval was not given, or not used, in time; nothing was done."
    hint = (
        "Ask the traveler whether they still want it. If so, make the call with a new idempotency_key: they are asked "
        "anew."
    )
    example = {"approval_id": EXAMPLE["approval_id"]}


class ApprovalsPending(DomainError):
    kind = Kind.LIMITED
    code = "approvals_pending"
    message = "The traveler has been asked too often: {asked} questions of yours are {limit}."
    hint = "Ask nothing more until the traveler has decided; get_approval shows how each question stands."
    retryable = True
    example = {"asked": 5, "limit": "waiting"}
