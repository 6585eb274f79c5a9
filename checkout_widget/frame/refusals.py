"""What only the frame refuses.

DomainError
├── OriginForeign    403  a page sent its visitor here whose origin is not the session's
└── TooManyClaims    429  the frame was opened too often
"""

from movmo.kit.errors import DomainError, Kind


class OriginForeign(DomainError):
    kind = Kind.FORBIDDEN
    code = "origin_foreign"
    message = "This page may not open this checkout."
    hint = "Go back to the shop and press its button again. Nothing was booked."


class TooManyClaims(DomainError):
    kind = Kind.LIMITED
    code = "too_many_claims"
    message = "This checkout was opened too often."
    hint = "Wait a few minutes, then press the shop's button again. Nothing was booked."
    retryable = True
