"""Every table of bookings, re-exported for Django."""

from bookings.booking.amendment.models import Amendment
from bookings.booking.document.models import BookingDocument
from bookings.booking.feed.models import FeedCounter
from bookings.booking.models import Booking, BookingTransition
from bookings.booking.provider_call.models import ProviderCall
from bookings.booking.record_locator.models import FurtherLocator
from bookings.booking.schedule_change.models import ScheduleChange
from bookings.cancellation.models import CancellationQuote
from bookings.export.models import Export
from bookings.offer.models import Offer, OfferSlot
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.models import Passenger
from bookings.payment_method.models import CardCapture, PaymentMethod, Redaction
from bookings.reconciliation.alarm.models import UnknownAlarm
from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import (
    ColumnMapping,
    Discrepancy,
    DiscrepancyChange,
    DiscrepancyNote,
    QuarantinedLine,
    Rules,
    Run,
    Statement,
    StatementLine,
)
from bookings.reconciliation.pull.models import PulledDay
from bookings.reconciliation.resolution.models import Adjustment, Countersignature, HandLink, ManualTask
from bookings.sandbox_airline.models import (
    SandboxCancellationQuote,
    SandboxInventory,
    SandboxOrder,
    SandboxSeat,
    SandboxThrottle,
    SandboxTicket,
)

__all__ = [
    "Adjustment",
    "Amendment",
    "Booking",
    "BookingDocument",
    "BookingTransition",
    "CancellationQuote",
    "CardCapture",
    "ColumnMapping",
    "Countersignature",
    "Discrepancy",
    "DiscrepancyChange",
    "DiscrepancyNote",
    "Export",
    "FeedCounter",
    "FurtherLocator",
    "HandLink",
    "IdentityDocument",
    "ManualTask",
    "Offer",
    "OfferSlot",
    "Passenger",
    "PaymentMethod",
    "PeriodLock",
    "ProviderCall",
    "PulledDay",
    "QuarantinedLine",
    "Redaction",
    "Rules",
    "Run",
    "SandboxCancellationQuote",
    "SandboxInventory",
    "SandboxOrder",
    "SandboxSeat",
    "SandboxThrottle",
    "SandboxTicket",
    "ScheduleChange",
    "Statement",
    "StatementLine",
    "UnknownAlarm",
]
