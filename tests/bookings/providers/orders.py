"""Orders for the tests: people for every slot of an offer."""

from datetime import date

from bookings.providers.types import OrderDocument, OrderPassenger, OrderRequest, ParsedOffer, PassengerType
from movmo.kit.ids import new_id
from movmo.kit.money import Money

BORN = {
    PassengerType.ADULT: date(1990, 4, 1),
    PassengerType.CHILD: date(2019, 4, 1),
    PassengerType.INFANT: date(2026, 4, 1),
}
PASSPORT = OrderDocument(type="passport", number="NX4P87L21", issuing_country="NL", expires_on=date(2036, 5, 4))


def order(
    offer: ParsedOffer,
    *,
    family_name: str = "Andersson",
    reference: str | None = None,
    hold: bool = False,
    total: Money | None = None,
) -> OrderRequest:
    """Ana, and the rest of the party under the same family name."""
    return OrderRequest(
        client_reference=reference or str(new_id()),
        offer=offer,
        passengers=tuple(
            OrderPassenger(
                provider_passenger_id=slot.provider_passenger_id,
                type=slot.type,
                given_name="Ana" if index == 0 else f"Guest{index}",
                family_name=family_name,
                birth_date=BORN[slot.type],
                gender="F",
                email="ana@example.com",
                document=PASSPORT if offer.normalised.identity_documents.required else None,
            )
            for index, slot in enumerate(offer.normalised.passengers)
        ),
        total=total or offer.normalised.total,
        hold=hold,
    )
