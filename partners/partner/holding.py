"""A partner held for as long as something is counted and then made: two at once would both find room for the last."""

from uuid import UUID

from partners.partner.models import Partner


def hold(partner_id: UUID) -> None:
    """Until the commit of the transaction that is open, who else holds this partner waits. Rows that name the partner
    are written meanwhile. On SQLite the transaction itself keeps writers apart."""
    list(Partner.objects.select_for_update(no_key=True).filter(pk=partner_id).values_list("pk"))
