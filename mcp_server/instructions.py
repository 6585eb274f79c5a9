"""What the server tells a model before its first call: the booking flow, from tools that exist."""

from collections.abc import Collection

from django.conf import settings

STEPS: list[tuple[tuple[str, ...], str]] = [
    (("search_flights",), "search_flights finds offers; each has an offer_id and the provider that made it."),
    (("create_offer",), "create_offer takes in an offer you hold from a provider and gives it an offer_id."),
    (("get_offer_details",), "get_offer_details shows the price, the rules and the passenger slots of one offer."),
    (
        ("get_passengers_profile", "create_passenger_profile"),
        "get_passengers_profile lists the people saved already; create_passenger_profile saves who is missing.",
    ),
    (("update_passenger",), "update_passenger puts a saved person on a slot. Do it for every slot of the offer."),
    (("get_payment_methods",), "get_payment_methods lists cards; pass payment_method_id if one of them shall pay."),
    (
        ("get_seat_map", "select_services"),
        "select_services takes seats of get_seat_map, and bags; the total then has them.",
    ),
    (("create_booking",), "create_booking books. Send the total you showed the traveler as expected_total."),
    (("create_booking", "get_booking"), "get_booking tells how a booking stands. Ask again until it is decided."),
    (
        ("confirm_hold", "quote_cancellation", "cancel_booking", "accept_schedule_change"),
        "Later: confirm_hold pays a hold; quote_cancellation, show it, then cancel_booking; accept_schedule_change.",
    ),
]
HEAD = "Movmo books flights for the traveler whose access token you hold. The way to a booking:"
TAIL = [
    "Writes need an idempotency_key: new for each new intention, the same when you repeat a call. `replayed` in an "
    "answer: an earlier call with this key did it, nothing was done now.",
    "What cannot be undone may answer `approval_required`: give the traveler approval_url; once they approved there, "
    "send the same call with the same idempotency_key. Nobody else can approve.",
    "When a call fails, `code` says what happened, `hint` what to do next, `retryable` whether repeating can help. "
    "Unsure? read_semantic_resource with slug `booking`, `approvals`, `recovering` or `errors`.",
]
OWN_PAGES = (
    "The traveler's own pages are at {origin}/accounts/: only there are cards added, documents read and "
    "contact details changed. Never ask for a card or passport number."
)


def instructions(tools: Collection[str]) -> str:
    """About fifteen lines. A step appears when every tool it speaks of is served."""
    steps = [text for needs, text in STEPS if all(name in tools for name in needs)]
    numbered = [f"{number}. {text}" for number, text in enumerate(steps, start=1)]
    return "\n".join([HEAD, *numbered, *TAIL, OWN_PAGES.format(origin=settings.ORIGIN)])
