"""Whatever JSON comes, the parser answers with an offer or with one of its two refusals."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.errors import OfferUnrecognized
from bookings.providers.types import ParsedOffer
from movmo.kit.money import AmountInvalid
from tests.bookings.providers.samples import NAMES, sample

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        [
            "",
            "1.005",
            "0001-01-01T00:00:00",
            "9999-12-31T23:59:59Z",
            "PT",
            "P99DT999H",
            "America",
            "\ud800",
            "EUR",
            "XXX",
        ]
    )
)
json_values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
SOME_KEYS = ["slices", "segments", "id", "passengers", "owner", "total_amount", "conditions", "available_services"]
offer_like = st.dictionaries(st.sampled_from(SOME_KEYS), json_values)


def answer(raw: Any) -> None:
    try:
        assert isinstance(parse_offer(raw), ParsedOffer)
    except OfferUnrecognized as refusal:
        assert refusal.pointer == "" or refusal.pointer.startswith("/")
        assert refusal.problem
    except AmountInvalid as refusal:
        assert refusal.code == "amount_precision"


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path of a JSON document below its root."""
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, child in steps:
        yield (*path, step)
        yield from places(child, (*path, step))


@st.composite
def mutated_offers(draw: st.DrawFn) -> dict[str, Any]:
    """A sample with one to three parts replaced, removed or repeated."""
    raw = sample(draw(st.sampled_from(NAMES)))
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(list(places(raw))))
        parent: Any = raw
        for step in parents:
            parent = parent[step]
        match draw(st.sampled_from(["replace", "remove", "repeat"])):
            case "replace":
                parent[last] = draw(json_values)
            case "remove":
                del parent[last]
            case _ if isinstance(parent, list):
                parent.append(parent[last])
    return raw


@settings(deadline=None)
@given(json_values | offer_like)
def test_arbitrary_json_is_answered(raw: Any) -> None:
    answer(raw)


@settings(max_examples=300, deadline=None)
@given(mutated_offers())
def test_a_mutated_offer_is_answered(raw: dict[str, Any]) -> None:
    answer(raw)
