"""What people did about discrepancies, beside their notes: what a second person must sign, what was taken over from the
provider, what was linked by hand, and what only a person can do elsewhere.
"""

from django.db import models
from django.db.models import F, Q

from bookings.booking.models import Booking
from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import Discrepancy, StatementLine
from movmo.kit.ids import new_id
from movmo.kit.money import Money


class Countersignature(models.Model):
    """Something that one person asked for and another must sign: the end of a discrepancy over the limit, a period's
    unlocking, rules by which more passes.

    The table itself refuses a person who signs what they asked for. `amount_minor` is what is at stake, `version` that
    of the discrepancy or of the rules as they were when it was asked for. `terms` is what else it takes: {"document":
    id} of a link, {"tolerances": …} of rules.
    """

    class What(models.TextChoices):
        WRITE_OFF = "write_off", "write off"
        ACCEPT_THEIRS = "accept_theirs", "accept theirs"
        CLOSE = "close"
        LINK = "link", "link by hand"
        UNLOCK = "unlock"
        RULES = "rules", "let more pass"
        LIMIT = "limit", "let one person alone end more"

    class State(models.TextChoices):
        ASKED = "asked"
        SIGNED = "signed"
        DECLINED = "declined"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    what = models.CharField(max_length=14, choices=What.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    discrepancy = models.ForeignKey(Discrepancy, null=True, on_delete=models.PROTECT, related_name="countersignatures")
    lock = models.ForeignKey(PeriodLock, null=True, on_delete=models.PROTECT, related_name="countersignatures")
    amount_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    version = models.PositiveIntegerField(default=0)
    terms = models.JSONField(default=dict)
    reason = models.CharField(max_length=200)
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "reconciliation_countersignature"
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")), name="two_people_sign"
            ),
            models.CheckConstraint(
                condition=Q(state="asked", decided_by__isnull=True)
                | (Q(state__in=["signed", "declined"]) & Q(decided_by__isnull=False)),
                name="decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(
                    what__in=["write_off", "accept_theirs", "close", "link"],
                    discrepancy__isnull=False,
                    lock__isnull=True,
                )
                | Q(what="unlock", discrepancy__isnull=True, lock__isnull=False)
                | Q(what__in=["rules", "limit"], discrepancy__isnull=True, lock__isnull=True),
                name="signed_for_one_thing",
            ),
            models.UniqueConstraint(fields=["discrepancy"], condition=Q(state="asked"), name="one_end_asked"),
            models.UniqueConstraint(fields=["lock"], condition=Q(state="asked"), name="one_unlock_asked"),
            models.UniqueConstraint(
                fields=["what"], condition=Q(state="asked", what__in=["rules", "limit"]), name="one_rule_asked"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}, {self.state}"

    @property
    def amount(self) -> Money | None:
        return Money(self.amount_minor, self.currency) if self.currency else None


class Adjustment(models.Model):
    """The provider's value was accepted in the place of ours. Only ever inserted; the booking itself stays as it is.

    `difference_minor` is what it costs us beyond what was booked before, for it and for the lines that stand for its
    booking together with it (`adjusting.py`), in `currency`; null where the two are in different currencies.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    discrepancy = models.ForeignKey(Discrepancy, on_delete=models.PROTECT, related_name="adjustments")
    booking = models.ForeignKey(Booking, null=True, on_delete=models.PROTECT, related_name="adjustments")
    document_id = models.UUIDField(null=True)
    ours_minor = models.BigIntegerField()
    ours_currency = models.CharField(max_length=3, blank=True)
    theirs_minor = models.BigIntegerField()
    theirs_currency = models.CharField(max_length=3, blank=True)
    difference_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200)
    made_by = models.UUIDField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "reconciliation_adjustment"

    def __str__(self) -> str:
        return f"adjustment of {self.discrepancy_id}"


class HandLink(models.Model):
    """A person said that this line is about this document or booking: every later run goes by it.

    The line's other keys do not count any more. The newest link of a line is the one in force.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    line = models.OneToOneField(
        StatementLine, on_delete=models.DO_NOTHING, db_constraint=False, related_name="hand_link"
    )
    document_id = models.UUIDField()
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    made_by = models.UUIDField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "reconciliation_hand_link"

    def __str__(self) -> str:
        return f"line {self.line_id} is document {self.document_id}"


class ManualTask(models.Model):
    """What no service of the house can do without inventing something; a person does it, and says that it is done."""

    class State(models.TextChoices):
        OPEN = "open"
        DONE = "done"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    discrepancy = models.OneToOneField(Discrepancy, on_delete=models.PROTECT, related_name="manual_task")
    what = models.CharField(max_length=500)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    made_by = models.UUIDField(null=True)
    made_at = models.DateTimeField()
    done_by = models.UUIDField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reconciliation_task"

    def __str__(self) -> str:
        return f"{self.state}: {self.what[:60]}"
