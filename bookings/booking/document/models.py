"""What a booking's airline has issued for it, and what it took back: one row for each ticket, EMD, refund and void.

The table is what reconciliation joins to a provider's statement lines, and what exports tell. So the columns of the
booking that those ask for stand here too:

    provider, order_id, record_locator   of the booking, as they are now
    kind                                 ticket and emd were sold; refund and void give back
    number                               the 13 digits of the ticket or EMD; a refund or void has that of what it undoes
    amount_minor, currency               never negative: the kind says in which direction the money goes
    tax_minor, fee_minor                 parts of amount_minor; null where they are not known. The fare is what is left
    issued_on                            the UTC day on which the airline first told of it

The tickets and EMDs of a booking make its total exactly, and its refunds and voids what was given back. A void may
give back nothing: the airline's word for it is that of the coupons.
"""

from django.db import models

from bookings.booking.document.schemas import DocumentKind
from bookings.booking.models import Booking
from movmo.kit.ids import new_id
from movmo.kit.money import Money


class BookingDocument(models.Model):
    """Written by the step that learns of it, in the same transaction: see `services`. Nothing personal is in it."""

    class Kind(models.TextChoices):
        TICKET = DocumentKind.TICKET.value
        EMD = DocumentKind.EMD.value, "EMD"
        REFUND = DocumentKind.REFUND.value
        VOID = DocumentKind.VOID.value

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="issued_documents")
    provider = models.CharField(max_length=40)
    # An airline's words are as long as it likes: a booking is not lost over them.
    order_id = models.TextField()
    record_locator = models.TextField(blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    number = models.TextField()
    amount_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(null=True)
    fee_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    issued_on = models.DateField()
    issued_at = models.DateTimeField()

    class Meta:
        db_table = "booking_document"
        constraints = [
            models.UniqueConstraint(fields=["booking", "kind", "number"], name="one_document_of_a_number"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["ticket", "emd", "refund", "void"]), name="booking_document_kind"
            ),
            models.CheckConstraint(condition=models.Q(amount_minor__gte=0), name="booking_document_amount"),
        ]
        indexes = [
            models.Index(fields=["number"], name="booking_document_number"),
            models.Index(fields=["provider", "issued_on"], name="booking_document_day"),
            models.Index(fields=["provider", "order_id"], name="booking_document_order"),
            models.Index(fields=["provider", "record_locator"], name="booking_document_locator"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


SOLD = (BookingDocument.Kind.TICKET, BookingDocument.Kind.EMD)
GIVEN_BACK = (BookingDocument.Kind.REFUND, BookingDocument.Kind.VOID)
