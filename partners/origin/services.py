"""Register and remove the origins of a partner's pages."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from partners.origin.models import CheckoutOrigin
from partners.partner.models import Partner

TAKEN = "This origin is registered already."


def register(*, partner: Partner, typed: str) -> CheckoutOrigin:
    """Raises ValidationError with `origin`. A slash at the end is forgiven."""
    row = CheckoutOrigin(partner=partner, origin=without_slash(typed))
    row.full_clean(validate_unique=False, validate_constraints=False)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise ValidationError({"origin": TAKEN}) from None
    return row


def without_slash(typed: str) -> str:
    return typed.removesuffix("/")


def remove(row: CheckoutOrigin) -> None:
    """No frame is opened there any more, and sessions that are open there end, but for what is being booked."""
    row.delete()
