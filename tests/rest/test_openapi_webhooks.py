"""The document's `webhooks` say what is really sent."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from movmo.operations import events, registry
from movmo.rest.openapi import document
from partners.partner.models import Partner
from partners.webhook.delivering import LADDER, deliver_due
from partners.webhook.sending import DEADLINE, LARGEST_ANSWER
from tests.partners import hooks
from tests.partners.receiver import receiving

HERE = "urn:movmo"


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    return document.build(registry.all_operations())


def refusals(built: dict[str, Any], name: str, body: Any) -> list[str]:
    """What the schema of this webhook has against a body."""
    resource = DRAFT202012.create_resource(built)
    pointer = f"{HERE}#/webhooks/{name}/post/requestBody/content/application~1json/schema"
    known = Registry().with_resource(HERE, resource)
    validator = Draft202012Validator(
        {"$ref": pointer}, registry=known, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [error.message for error in validator.iter_errors(body)]


def test_every_type_of_event_is_there(built: dict[str, Any]) -> None:
    assert list(built["webhooks"]) == [type_.name for type_ in events.catalogue()]
    ids = [entry["post"]["operationId"] for entry in built["webhooks"].values()]
    assert len(ids) == len(set(ids)) >= 15


def test_every_example_fits_its_schema(built: dict[str, Any]) -> None:
    for name, entry in built["webhooks"].items():
        example = entry["post"]["requestBody"]["content"]["application/json"]["example"]
        assert example["type"] == name
        assert refusals(built, name, example) == []
        assert refusals(built, name, {**example, "type": "another"})
        assert refusals(built, name, {**example, "data": {}})


def test_the_words_about_answers_are_the_sender_s_numbers(built: dict[str, Any]) -> None:
    told = built["webhooks"]["webhook_endpoint.ping.v1"]["post"]["responses"]
    assert f"within {DEADLINE:g} seconds" in told["2XX"]["description"]
    assert f"{LARGEST_ANSWER // 1024} KiB" in told["2XX"]["description"]
    steps = [
        f"{step.seconds} s" if step.seconds < 60 and not step.days else f"{step.total_seconds() / 60:g} min"
        for step in LADDER[1:4]
    ] + [f"{step.total_seconds() / 3_600:g} h" for step in LADDER[4:]]
    assert ", ".join(steps[:-1]) + f" and {steps[-1]}" in told["default"]["description"]


def test_the_reference_page_shows_them(db: None) -> None:
    html = Client().get("/docs").content.decode()
    assert all(f"<code>{type_.name}</code>" in html for type_ in events.catalogue())
    assert "<code>webhook-signature</code>" in html


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_fits_its_schema(built: dict[str, Any], aviare: Partner, tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver, hooks.sent_by(receiver.outbound):
        made = hooks.endpoint(aviare)
        hooks.ask(hooks.by_test_key(aviare), "ping_webhook_endpoint", endpoint_id=str(made.endpoint_id))
        hooks.happen(aviare, "booking.held.v1", "booking.ticketed.v1")
        hooks.publish()
        deliver_due()
    assert len(receiver.received) == 3
    for request in receiver.received:
        told = orjson.loads(request.body)
        assert refusals(built, told["type"], told) == []
    described = {parameter["name"] for parameter in built["components"]["parameters"].values()}
    assert described <= set(receiver.received[0].headers)
