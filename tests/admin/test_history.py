"""The history of configuration: who changed what, when, from which value to which; and never a secret."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client

from movmo.accounts.models import User
from movmo.kit.encrypted import EncryptedField
from movmo.operations import history
from movmo.operations.history_page import changes_of
from partners.api_key import services as api_keys
from partners.api_key.models import ApiKey
from partners.oauth.models import Application
from partners.origin.models import CheckoutOrigin
from partners.partner.models import Partner
from partners.plan.models import UsagePlan
from partners.webhook.models import WebhookEndpoint
from partners.webhook.schemas import SecretView
from tests import factories
from tests.conftest import NOON, StoppedClock
from tests.contract.world import World, view_of
from tests.office import clerk_with_app, entered

CHIEF = "chief@movmo.example"
Told = list[tuple[str, str, str]]


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app(CHIEF))


def told(row: Any) -> list[tuple[str, str, Told]]:
    """The newest first."""
    changes = changes_of(type(row), "pk", str(row.pk))
    return [
        (change.who, change.what, [(value.name, value.before, value.after) for value in change.values])
        for change in changes
    ]


def rows_of(model: Any) -> Any:
    return model.history.all()


def latest(row: Any) -> tuple[str, str, Told]:
    return told(row)[0]


def page_of(office: Client, row: Any) -> str:
    address = f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/history/"
    answer = office.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_clerk_s_change_is_told_from_which_value_to_which(office: Client, aviare: Partner) -> None:
    plan = aviare.plan
    form = {"name": plan.name, "rate": 77, "burst": plan.burst, "month_quota": "1000"}
    office.post(f"/admin/partners/usageplan/{plan.pk}/change/", form)
    who, what, values = latest(plan)
    assert (who, what) == (CHIEF, "usage plan changed")
    assert ("rate", "1000", "77") in values
    assert ("month quota", "", "1000") in values
    page = page_of(office, plan)
    assert CHIEF in page
    assert "Rate: <del>1000</del> → 77" in page


def test_what_is_saved_as_it_was_is_no_change(office: Client, aviare: Partner) -> None:
    plan, before = aviare.plan, len(told(aviare.plan))
    as_it_was = {"name": plan.name, "rate": plan.rate, "burst": plan.burst, "live_keys": "on"}
    assert office.post(f"/admin/partners/usageplan/{plan.pk}/change/", as_it_was).status_code == 302
    assert len(told(plan)) == before


def test_another_plan_is_told_by_its_name(office: Client, aviare: Partner) -> None:
    other = factories.plan("public-website")
    aviare.plan = other
    aviare.save()
    assert latest(aviare) == (history.MOVMO, "partner changed", [("plan", "commercial", "public-website")])


def test_the_time_is_the_clock_s(aviare: Partner, clock: StoppedClock) -> None:
    clock.forward(days=2)
    aviare.name = "Aviare Travel"
    aviare.save()
    assert changes_of(Partner, "pk", str(aviare.pk))[0].at == NOON + timedelta(days=2)


def test_a_key_that_is_rotated_and_revoked(office: Client, aviare: Partner) -> None:
    factories.api_key(aviare)
    old = ApiKey.objects.get()
    office.post("/admin/partners/apikey/", {"action": "rotate", "_selected_action": [str(old.pk)]})
    fresh = ApiKey.objects.exclude(pk=old.pk).get()
    who, what, values = latest(old)
    assert (who, what) == (CHIEF, "API key changed")
    assert {value[0] for value in values} == {"replaced by", "expires at"}
    assert latest(fresh)[:2] == (CHIEF, "API key made")
    office.post("/admin/partners/apikey/", {"action": "revoke", "_selected_action": [str(fresh.pk)]})
    assert [value[0] for value in latest(fresh)[2]] == ["revoked at"]
    api_keys.revoke(fresh, now=NOON)
    assert len(told(fresh)) == 2


def test_what_a_call_of_the_partner_changes_is_the_partner_s(world: World) -> None:
    endpoint = WebhookEndpoint.objects.get(pk=world.webhook_endpoint().endpoint_id)
    assert latest(endpoint)[:2] == (history.PARTNER, "webhook endpoint made")
    changed = {"url": "https://other.example/hook", "event_types": [], "enabled": False}
    world.call("update_webhook_endpoint", endpoint_id=endpoint.pk, **changed)
    who, what, values = latest(endpoint)
    assert (who, what) == (history.PARTNER, "webhook endpoint changed")
    assert ("state", "enabled", "disabled") in values
    assert [value[2] for value in values if value[0] == "host"] == ["other.example"]
    world.call("rotate_webhook_secret", endpoint_id=endpoint.pk)
    assert ("rotations", "0", "1") in latest(endpoint)[2]
    world.call("delete_webhook_endpoint", endpoint_id=endpoint.pk)
    assert ("state", "disabled", "deleted") in latest(endpoint)[2]


def test_an_origin_is_told_on_its_partner_s_page(office: Client, aviare: Partner) -> None:
    origin = factories.checkout_origin(aviare, "https://shop.example")
    origin.delete()
    page = page_of(office, aviare)
    assert "Checkout origin made" in page
    assert "Checkout origin deleted" in page
    assert "https://shop.example" in page


def test_what_a_client_says_of_itself_is_no_line_and_what_staff_make_of_it_is(office: Client) -> None:
    agent = factories.application("by-itself")
    agent.registration_source = Application.RegistrationSource.DCR
    Application.objects.filter(pk=agent.pk).update(registration_source=agent.registration_source)
    rows_of(Application).delete()
    agent.name = "Another name"
    agent.save()
    assert told(agent) == []
    agent._history_user = User.objects.get(email=CHIEF)  # type: ignore[attr-defined]  # as the library has it
    agent.tool_limits = "create_booking=5"
    agent.save()
    assert latest(agent) == (CHIEF, "application changed", [("tool limits", "", "create_booking=5")])
    assert told(agent)[1][0] == history.FROM_BEFORE


def test_a_row_without_a_past_has_a_value_before_its_first_change(aviare: Partner) -> None:
    rows_of(Partner).delete()
    aviare.is_active = False
    aviare.save()
    assert latest(aviare) == (history.MOVMO, "partner changed", [("is active", "yes", "no")])


def test_a_role_is_given_from_which_to_which(office: Client, ops: User) -> None:
    roles = {name: Group.objects.get(name=name).pk for name in ("support", "finance")}
    form: dict[str, Any] = {"is_active": "on", "is_staff": "on", "groups": [roles["support"]]}
    office.post(f"/admin/accounts/user/{ops.pk}/change/", form)
    form["groups"] = [roles["finance"], roles["support"]]
    office.post(f"/admin/accounts/user/{ops.pk}/change/", form | {"first_name": "Olga"})
    page = page_of(office, ops)
    assert "roles: none → support" in page
    assert "roles: support → finance, support; changed too: first_name" in page
    assert "Olga" not in page


def test_whoever_may_not_see_a_row_sees_no_history_of_it(aviare: Partner) -> None:
    clerk = clerk_with_app("desk@movmo.example", is_superuser=False)
    clerk.groups.add(Group.objects.get(name="support"))
    desk = entered(Client(), clerk)
    assert desk.get(f"/admin/partners/partner/{aviare.pk}/history/").status_code == 403
    assert desk.get(f"/admin/partners/usageplan/{aviare.plan.pk}/history/").status_code == 403


@pytest.mark.parametrize("pk", ["nobody", "0", "%00", "1'--"])
def test_the_history_of_nothing(office: Client, pk: str) -> None:
    assert office.get(f"/admin/partners/partner/{pk}/history/").status_code in (302, 404)


def written(model: Any) -> Iterator[str]:
    for row in model.objects.all():
        for field in model._meta.concrete_fields:
            value = getattr(row, field.attname)
            yield bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)


def histories() -> list[Any]:
    return [model for model in apps.get_models() if model.__name__.startswith("Historical")]


def test_no_table_of_history_holds_a_secret(office: Client, world: World, aviare: Partner) -> None:
    secrets = [factories.api_key(aviare)]
    created = world.webhook_endpoint()
    rotated = view_of(SecretView, world.call("rotate_webhook_secret", endpoint_id=created.endpoint_id))
    endpoint = WebhookEndpoint.objects.get(pk=created.endpoint_id)
    endpoint.url = "https://clerk:thylacine@hook.example/thylacine?token=thylacine"
    endpoint.save()
    form = {
        "name": "Aviare back end",
        "partner": str(aviare.pk),
        "client_type": Application.CLIENT_CONFIDENTIAL,
        "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
        "redirect_uris": "https://aviare.example/callback",
    }
    made = office.post("/admin/partners/application/add/", form, follow=True).content.decode()
    secrets += [made.split('id="secret"')[1].split('value="')[1].split('"')[0], created.secret, rotated.secret]
    secrets += [ApiKey.objects.get().digest, Application.objects.get().client_secret, "thylacine"]
    secrets += [bytes(secret).hex() for secret in (endpoint.secret, endpoint.old_secret) if secret]
    texts = [text for model in histories() for text in written(model)]
    assert len(texts) > 50
    assert [secret for secret in secrets for text in texts if secret in text] == []


def test_a_table_of_history_has_no_column_for_a_secret() -> None:
    """Whoever gives a tracked model a new secret is told to name it."""
    for model in histories():
        names = {field.name for field in model._meta.concrete_fields}
        named = {name for name in names if "secret" in name or "digest" in name or "token" in name}
        assert named <= {"hash_client_secret", "old_secret_until"}, model
        assert not [field for field in model._meta.concrete_fields if isinstance(field, EncryptedField)]


def test_what_is_configured_has_a_history() -> None:
    assert {Partner, UsagePlan, ApiKey, Application, WebhookEndpoint, CheckoutOrigin} <= set(history.KEPT)


def test_an_endpoint_that_movmo_switches_off(world: World, clock: StoppedClock) -> None:
    endpoint = WebhookEndpoint.objects.get(pk=world.webhook_endpoint().endpoint_id)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(state="disabled", disabled_reason="failing")
    history.changed(endpoint)
    assert latest(endpoint)[0] == history.MOVMO
    assert ("disabled reason", "", "failing") in latest(endpoint)[2]
