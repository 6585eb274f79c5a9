"""What staff may see and do who are no superusers: five roles, each a group of Django's, with no more than it needs.

The groups are in line with this table after every `migrate`: what is not written here is taken away, and a group that
is none of these roles is removed. A superuser says who has which role.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps as installed
from django.db import router, transaction

from movmo.operations import rights

SUPPORT, FINANCE, PARTNERSHIPS, SECURITY, ADMIN = ROLES = ("support", "finance", "partnerships", "security", "admin")

# The lists of the back office, and the verbs of each role: view, add, change, delete, and cancel of bookings. Actions
# ask for `change` unless their page says otherwise. `admin` may what any of the others may, and sees every list.
# Keys, applications and members are never deleted by a form: there `delete` is to revoke, disable or remove, and
# `change` is what gives somebody more.
LISTS: dict[str, dict[str, str]] = {
    # Bookings
    "bookings.booking": dict(support="view change cancel", finance="view"),
    "bookings.bookingtransition": dict(support="view", finance="view"),
    "bookings.bookingdocument": dict(support="view", finance="view"),
    "bookings.providercall": dict(support="view"),
    "bookings.amendment": dict(support="view change", finance="view"),
    "bookings.schedulechange": dict(support="view"),
    "bookings.cancellationquote": dict(support="view", finance="view"),
    "bookings.offer": dict(support="view"),
    "bookings.offerslot": dict(support="view"),
    "bookings.passenger": dict(support="view"),
    "bookings.identitydocument": dict(support="view"),
    "bookings.paymentmethod": dict(support="view"),
    "bookings.redaction": dict(security="view"),
    "bookings.export": dict(finance="view add", partnerships="view add", security="view add"),
    # Reconciliation
    "bookings.statement": dict(finance="view add change"),
    "bookings.run": dict(finance="view"),
    "bookings.discrepancy": dict(finance="view change"),
    "bookings.countersignature": dict(finance="view"),
    "bookings.adjustment": dict(finance="view"),
    "bookings.pulledday": dict(finance="view"),
    "bookings.rules": dict(finance="view add"),
    "bookings.columnmapping": dict(finance="view add"),
    "bookings.periodlock": dict(finance="view"),
    # Partners
    "partners.partner": dict(finance="view", partnerships="view add change", security="view"),
    "partners.member": dict(support="view", partnerships="view change delete", security="view delete"),
    "partners.invitation": dict(support="view", partnerships="view add", security="view"),
    "partners.usageplan": dict(finance="view", partnerships="view add change"),
    "partners.apikey": dict(partnerships="view add change delete", security="view delete"),
    "partners.application": dict(support="view", partnerships="view add change delete", security="view delete"),
    "partners.checkoutorigin": dict(partnerships="view add delete", security="view"),
    "partners.batch": dict(support="view", partnerships="view"),
    "partners.webhookendpoint": dict(partnerships="view"),
    "partners.webhookdelivery": dict(partnerships="view change"),
    "partners.webhookattempt": dict(partnerships="view"),
    "checkout_widget.checkoutsession": dict(support="view", partnerships="view"),
    "checkout_widget.checkoutattempt": dict(support="view", partnerships="view"),
    # People
    "accounts.user": dict(support="view", security="view change"),
    "accounts.signinattempts": dict(security="view"),
    "mfa.authenticator": dict(security="view"),
    "accounts.lockout": dict(support="view", security="view delete"),
    "usersessions.usersession": dict(security="view"),
    "accounts.device": dict(security="view"),
    "accounts.pendingletter": dict(support="view", security="view"),
    "auth.group": dict(security="view"),
    "partners.connection": dict(support="view change", security="view change"),
    "operations.approval": dict(support="view", security="view"),
    "operations.mandate": dict(support="view", security="view"),
    "oauth2_provider.accesstoken": dict(security="view"),
    "oauth2_provider.refreshtoken": dict(security="view"),
    "oauth2_provider.grant": dict(security="view"),
    "oauth2_provider.idtoken": dict(security="view"),
    # Events
    "operations.event": dict(support="view", partnerships="view"),
    "operations.outbox": dict(admin="change"),
    # Audit
    "operations.auditevent": dict(security="view"),
    "operations.auditverification": dict(security="view"),
    "operations.idempotencyrecord": dict(support="view", security="view"),
}

# What is no list, in the words of `movmo.operations.rights`.
RIGHTS: dict[str, tuple[str, ...]] = {
    rights.REVEAL_PERSONAL: (SUPPORT,),
    rights.IMPERSONATE: (SUPPORT,),
    rights.APPROVE_WRITE_OFF: (FINANCE,),
    # Not of those who write off: with it one of them could do alone what takes two.
    rights.RAISE_WRITE_OFF: (ADMIN,),
    rights.LOCK_PERIOD: (FINANCE,),
    rights.VERIFY_AUDIT: (SECURITY,),
    rights.EXPORT: (FINANCE, PARTNERSHIPS, SECURITY),
}


def granted(role: str) -> set[str]:
    """The permissions of a role, such as `bookings.view_booking`, without the lists that `admin` sees beside them."""
    roles = ROLES if role == ADMIN else (role,)
    return {permission for one in roles for permission in _of(one)}


def _of(role: str) -> Iterator[str]:
    for model, verbs in LISTS.items():
        app, _, name = model.partition(".")
        yield from (f"{app}.{verb}_{name}" for verb in verbs.get(role, "").split())
    yield from (right for right, roles in RIGHTS.items() if role in roles)


def after_migrating(*, using: str, apps: Any = installed, **_: Any) -> None:
    """Django tells this app by app, as each has got its permissions; it is worth the while after the last one."""
    try:
        groups, permissions = (apps.get_model("auth", name) for name in ("Group", "Permission"))
    except LookupError:  # `migrate` of another app alone, before there are groups
        return
    if router.allow_migrate_model(using, groups):
        with transaction.atomic(using=using):
            _bring_in_line(groups.objects.using(using), permissions.objects.using(using))


def _bring_in_line(groups: Any, permissions: Any) -> None:
    rows = permissions.values_list("content_type__app_label", "codename", "pk")
    known = {f"{app}.{codename}": pk for app, codename, pk in rows}
    every_list = {name for name in known if name.partition(".")[2].startswith("view_")}
    groups.exclude(name__in=ROLES).delete()
    for role in ROLES:
        wanted = granted(role) | (every_list if role == ADMIN else set())
        groups.get_or_create(name=role)[0].permissions.set([known[name] for name in wanted if name in known])


def last_told() -> Any:
    """The app whose permissions Django makes last."""
    return [app for app in installed.get_app_configs() if app.models_module is not None][-1]
