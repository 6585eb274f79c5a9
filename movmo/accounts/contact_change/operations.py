"""A change of contact details, declared. It has no tools: only the person can do it, and an agent may ask them to."""

from movmo.accounts.contact_change import services
from movmo.accounts.contact_change.schemas import (
    ConfirmContactChange,
    ContactChangeView,
    IdentityView,
    InitiateContactChange,
    VerifyIdentity,
)
from movmo.accounts.contact_change.services import CodeInvalid, ContactChangeLimited, TextMessagesUnavailable
from movmo.accounts.profile.schemas import ProfileView
from movmo.kit.errors import NotFound
from movmo.operations.context import Context
from movmo.operations.spec import POST, Credentials, Effect, operation

CONTACT = "/v1/users/{user_id}/contact"


@operation(
    "initiate_contact_change",
    rest=POST(CONTACT + "/initiate"),
    needs=Credentials.KEY_AND_USER,
    scopes=("profile:write",),
    effect=Effect.WRITE,
    errors=(ContactChangeLimited, TextMessagesUnavailable),
    tool=False,
)
def initiate_contact_change(ctx: Context, request: InitiateContactChange) -> ContactChangeView:
    """Begin a change of e-mail address or telephone

    Two codes are sent, one to the new address and one to the present e-mail address. The answer is the same whether or
    not the new address belongs to another account. A change begun earlier ends. Next: verify_contact_identity.
    """
    return services.initiate(ctx, request)


@operation(
    "verify_contact_identity",
    rest=POST(CONTACT + "/verify-identity", status=200),
    needs=Credentials.KEY_AND_USER,
    scopes=("profile:write",),
    effect=Effect.WRITE,
    errors=(NotFound, CodeInvalid, ContactChangeLimited),
    tool=False,
)
def verify_contact_identity(ctx: Context, request: VerifyIdentity) -> IdentityView:
    """Prove who is changing it

    Takes the code that went to the present e-mail address and answers with a token for the last step. Next:
    confirm_contact_change, within five minutes.
    """
    return services.verify_identity(ctx, request)


@operation(
    "confirm_contact_change",
    rest=POST(CONTACT + "/confirm", status=200),
    needs=Credentials.KEY_AND_USER,
    scopes=("profile:write",),
    effect=Effect.WRITE,
    errors=(NotFound, CodeInvalid, ContactChangeLimited),
    tool=False,
)
def confirm_contact_change(ctx: Context, request: ConfirmContactChange) -> ProfileView:
    """Change the e-mail address or telephone

    Takes the code that went to the new address and the identity token. A notice goes to the old e-mail address.
    """
    return services.confirm(ctx, request)
