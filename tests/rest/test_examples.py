"""Examples are whole, and fit their schemas."""

from typing import Any

import pytest

from movmo.kit.errors import DomainError, Kind
from movmo.operations import registry
from movmo.rest.openapi.components import Components
from movmo.rest.openapi.examples import example_of
from movmo.rest.openapi.refusals import example


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"const": 3}, 3),
        ({"examples": [None]}, None),
        ({"enum": ["a", "b"]}, "a"),
        ({"type": "string", "default": "x"}, "x"),
        ({"type": "string", "format": "date"}, "2026-09-14"),
        ({"type": "string"}, "text"),
        ({"type": "null"}, None),
        ({"type": "boolean"}, True),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "number", "exclusiveMinimum": 5}, 6),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, True),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [True, True]),
        ({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}]}, [1, 2]),
        ({"type": "array"}, []),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, {"key": True}),
        ({"type": "object", "properties": {"name": {"type": "string"}}}, {"name": "name"}),
    ],
)
def test_a_schema_has_its_example(schema: dict[str, Any], shown: Any) -> None:
    assert example_of(schema, Components([])) == shown


def test_a_schema_within_itself_comes_to_an_end() -> None:
    components = Components([])
    reference = components.add(
        "Node", {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    )
    assert str(example_of(reference, components)).count("next") < 20


class OfferGone(DomainError):
    kind = Kind.CONFLICT
    code = "toy_offer_gone"
    message = "The offer {offer_id} went at {gone_at} for {price[amount]}."
    hint = "Search again."


class OfferDear(DomainError):
    kind = Kind.CONFLICT
    code = "toy_offer_dear"
    message = "The price is {new} now."
    hint = "Ask the traveler."
    example = {"new": "500.00", "old": "412.30"}


def test_refusals_have_facts_of_their_own_or_made_up_ones(toy_registry: None) -> None:
    known = registry.get("get_plane")
    assert known is not None
    assert set(example(OfferGone, known)["details"]) == {"offer_id", "gone_at", "price"}
    assert example(OfferDear, known)["message"] == "The price is 500.00 now."
    assert example(OfferDear, known)["details"] == {"new": "500.00", "old": "412.30"}
