"""Statements of providers, what became of their lines, and what does not agree with ours.

Amounts are integers of the currency's minor unit, signed as the money moves to the provider: a sale is positive, a
refund and an agency credit (acm) negative.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from bookings.booking.models import Booking
from bookings.reconciliation.states import (
    EXPLANATIONS,
    MATCHED,
    STANDING,
    CaseState,
    Class,
    StatementState,
    Tier,
)
from movmo.kit.ids import new_id
from movmo.kit.money import Money
from partners.partner.models import Partner

LINE_BITS = 32
"""The id of a line is its statement's number, shifted, and its line number: nothing has to be counted up for it."""


class Stream(models.TextChoices):
    SETTLEMENT = "settlement", "our documents and the provider's settlement"
    ORDERS = "orders", "our bookings and the provider's orders"


class Format(models.TextChoices):
    CSV = "csv", "CSV"
    JSON = "json", "JSON"
    STRIPE = "stripe", "Stripe payout reconciliation"
    ADYEN = "adyen", "Adyen settlement details"
    MAPPED = "mapped", "CSV by a saved column mapping"


class LineKind(models.TextChoices):
    SALE = "sale"
    REFUND = "refund"
    VOID = "void"
    ADM = "adm", "agency debit memo"
    ACM = "acm", "agency credit memo"
    FEE = "fee"


CLASSES = [(each.value, each.value.replace("_", " ")) for each in Class]
TIERS = [(each.value, EXPLANATIONS[each]) for each in Tier]


class ColumnMapping(models.Model):
    """How somebody else's CSV names our columns: `columns` maps ours to theirs, `kinds` their words to our kinds.

    `date_format` is strftime's. `delimiter` is one character.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=40)
    partner = models.ForeignKey(Partner, null=True, on_delete=models.PROTECT, related_name="column_mappings")
    name = models.CharField(max_length=80)
    delimiter = models.CharField(max_length=1, default=",")
    columns = models.JSONField(default=dict)
    kinds = models.JSONField(default=dict)
    decimal_comma = models.BooleanField(default=False)
    date_format = models.CharField(max_length=20, default="%Y-%m-%d")
    created_by = models.UUIDField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "reconciliation_mapping"
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "partner", "name"], name="one_mapping_per_name", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name


class Statement(models.Model):
    """A file of a provider, or what it answered to a pull. The same bytes twice are one: `sha256` within `scope`.

    `scope` is "provider" or "provider:partner id": a partner's statement is held against that partner's bookings only,
    staff's against all of the provider's. `number` is where its lines' ids begin. `totals` and `counts` are told by
    `preview`: by currency {lines, gross, turnover, tax, fee, net, opening, closing}; {lines, bad, by kind}. `problem`
    is why the whole file was refused. `file` is its name in the storage, empty once its lines are stored;
    `file_lines` are counted of partners' only. `fence` counts claims of workers; whoever holds `lease_until` works on
    it. `uploaded_by` and `accepted_by` are one person only where `accepting` lets them be.
    """

    class Source(models.TextChoices):
        UPLOAD = "upload"
        PULL = "pull"

    STATES = [(state.value, state.value) for state in StatementState]

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.BigIntegerField(unique=True)
    provider = models.CharField(max_length=40)
    partner = models.ForeignKey(Partner, null=True, on_delete=models.PROTECT, related_name="statements")
    scope = models.CharField(max_length=80)
    stream = models.CharField(max_length=12, choices=Stream.choices, default=Stream.SETTLEMENT)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.UPLOAD)
    format = models.CharField(max_length=10, choices=Format.choices)
    mapping = models.ForeignKey(ColumnMapping, null=True, on_delete=models.PROTECT, related_name="statements")
    file = models.CharField(max_length=200, blank=True)
    file_name = models.CharField(max_length=200)
    file_bytes = models.BigIntegerField()
    file_lines = models.PositiveIntegerField(null=True)
    sha256 = models.CharField(max_length=64)
    period_start = models.DateField()
    period_end = models.DateField()
    control = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=STATES, default=StatementState.RECEIVED)
    is_auto_accepted = models.BooleanField(default=False)
    counts = models.JSONField(default=dict)
    totals = models.JSONField(default=dict)
    problem_code = models.CharField(max_length=60, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    uploaded_by = models.UUIDField(null=True)
    accepted_by = models.UUIDField(null=True)
    accepted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "reconciliation_statement"
        constraints = [
            models.UniqueConstraint(fields=["scope", "sha256"], name="one_statement_per_file"),
            models.CheckConstraint(condition=Q(period_start__lte=models.F("period_end")), name="statement_period"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in StatementState]), name="statement_state"
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_until"], condition=Q(state__in=["received", "accepted"]), name="statement_waits"
            ),
            models.Index(fields=["partner", "-id"], name="statement_of_partner"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.provider}, {self.state})"

    @property
    def first_line_id(self) -> int:
        """The lines' ids are in [first_line_id, first_line_id + 2³²)."""
        return self.number << LINE_BITS


class StatementLine(models.Model):
    """One line as read, and its class. `outcome` is "matched" or a Class.

    Its id is its statement's `first_line_id` plus the line's number: it needs no column for either, and no index for
    the lines of a statement, of which a million are written at once. The document has no foreign key in the database
    for the same reason. `surname_digest` is a keyed digest, kept where a line has no stronger key. `off_minor` is what
    ours is more, where it is tolerated; of a fee or memo that was linked by hand, all of it.
    """

    # We always say which; that it would count by itself makes it the row's own key on SQLite.
    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=6, choices=LineKind.choices)
    order_id = models.CharField(max_length=255, blank=True)
    client_reference = models.CharField(max_length=80, blank=True)
    ticket_number = models.CharField(max_length=40, blank=True)
    record_locator = models.CharField(max_length=20, blank=True)
    surname_digest = models.CharField(max_length=32, blank=True)
    issued_on = models.DateField(null=True)
    departure_on = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, blank=True)
    gross_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(null=True)
    fee_minor = models.BigIntegerField(null=True)
    net_minor = models.BigIntegerField(null=True)
    off_minor = models.BigIntegerField(null=True)
    outcome = models.CharField(max_length=24, choices=[(MATCHED, "matched"), *CLASSES])
    tier = models.CharField(max_length=20, choices=TIERS)
    document_id = models.UUIDField(null=True)
    booking_id = models.UUIDField(null=True)

    class Meta:
        db_table = "reconciliation_line"
        ordering = ["id"]
        # Of the few that need somebody; those that agree cost it nothing.
        indexes = [models.Index(fields=["id"], condition=~Q(outcome=MATCHED), name="line_does_not_agree")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.outcome}"

    @property
    def line(self) -> int:
        """Its number in the file."""
        return int(self.pk) & ((1 << LINE_BITS) - 1)

    @property
    def first_of_statement(self) -> int:
        """The `first_line_id` of its statement."""
        return int(self.pk) - self.line


class QuarantinedLine(models.Model):
    """A line that was not taken over. `text` is masked: letters and digits of names and numbers are not shown."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="quarantined")
    line = models.IntegerField()
    column = models.CharField(max_length=40, blank=True)
    code = models.CharField(max_length=40)
    message = models.CharField(max_length=300)
    text = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "reconciliation_quarantine"
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["statement", "line"], name="one_quarantine_per_line")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class Rules(models.Model):
    """How far amounts may be apart, by currency ("*" for all others) and column (gross, tax, fee), in minor units.

    Only ever inserted; the highest version is in force for new runs, and a run says which it went by.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.PositiveIntegerField(unique=True)
    tolerances = models.JSONField(default=dict)
    reason = models.CharField(max_length=200)
    created_by = models.UUIDField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "reconciliation_rules"
        verbose_name_plural = "rules"

    def __str__(self) -> str:
        return f"version {self.version}"


class Run(models.Model):
    """One comparison of a statement with our side, as of a moment.

    `counts` {lines, matched, found, by_class}; `totals` by currency {ours, theirs, matched_ours, matched_theirs,
    by_class: {class: {count, ours, theirs}}}: ours = matched_ours + Σ ours by class, and so theirs. `new`, `changed`,
    `same` and `gone` count discrepancies against the `previous` run.
    """

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField()
    previous = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    rules = models.ForeignKey(Rules, null=True, on_delete=models.PROTECT, related_name="runs")
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    as_of = models.DateTimeField()
    counts = models.JSONField(default=dict)
    totals = models.JSONField(default=dict)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    started_by = models.UUIDField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reconciliation_run"
        constraints = [models.UniqueConstraint(fields=["statement", "number"], name="one_run_per_number")]

    def __str__(self) -> str:
        return f"run {self.number}"


class Discrepancy(models.Model):
    """Something that the two sides do not tell alike. One for each line, document or booking of a statement: `subject`
    is "line 17", "document <id>" or "booking <id>".

    `ours` and `theirs` are the values side by side; `ours_minor` and `theirs_minor` the amounts, 0 where a side has
    none. Of lines that stand for a booking together the first has all of ours, and of what is at risk. `at_risk_minor`
    is what may be lost: the difference, or the whole where the currencies differ or an order is not as we have it.
    """

    STATES = [(state.value, state.value.replace("_", " ")) for state in CaseState]

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="discrepancies")
    subject = models.CharField(max_length=60)
    provider = models.CharField(max_length=40)
    partner = models.ForeignKey(Partner, null=True, on_delete=models.PROTECT, related_name="discrepancies")
    category = models.CharField("class", max_length=24, choices=CLASSES, db_column="class")
    tier = models.CharField(max_length=20, choices=TIERS)
    explanation = models.CharField(max_length=200)
    line = models.ForeignKey(
        StatementLine, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="discrepancies"
    )
    document_id = models.UUIDField(null=True)
    booking = models.ForeignKey(Booking, null=True, on_delete=models.PROTECT, related_name="discrepancies")
    ours = models.JSONField(default=dict)
    theirs = models.JSONField(default=dict)
    ours_minor = models.BigIntegerField(default=0)
    ours_currency = models.CharField(max_length=3, blank=True)
    theirs_minor = models.BigIntegerField(default=0)
    theirs_currency = models.CharField(max_length=3, blank=True)
    at_risk_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=14, choices=STATES, default=CaseState.OPEN)
    resolution = models.CharField(max_length=40, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="discrepancies"
    )
    first_seen = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="found_first")
    last_seen = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="found_last")
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "reconciliation_discrepancy"
        verbose_name_plural = "discrepancies"
        constraints = [
            models.UniqueConstraint(fields=["statement", "subject"], name="one_discrepancy_per_subject"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in CaseState]), name="discrepancy_state"
            ),
        ]
        indexes = [
            models.Index(
                fields=["provider", "category", "-id"],
                condition=Q(state__in=sorted(state.value for state in STANDING)),
                name="discrepancy_standing",
            ),
            models.Index(fields=["partner", "-id"], name="discrepancy_of_partner"),
        ]

    def __str__(self) -> str:
        return f"{self.get_category_display()}, {self.subject}"

    @property
    def at_risk(self) -> Money:
        return Money(self.at_risk_minor, self.currency)


class DiscrepancyNote(models.Model):
    """What a person, or Movmo itself (no author), had to say about a discrepancy. Only ever inserted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    discrepancy = models.ForeignKey(Discrepancy, on_delete=models.CASCADE, related_name="notes")
    author_id = models.UUIDField(null=True)
    before = models.CharField(max_length=14, blank=True)
    after = models.CharField(max_length=14, blank=True)
    text = models.CharField(max_length=1000)
    at = models.DateTimeField()

    class Meta:
        db_table = "reconciliation_note"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:60]


class DiscrepancyChange(models.Model):
    """What a re-run found otherwise than the run before it. `before` and `after` hold class, ours and theirs."""

    class What(models.TextChoices):
        NEW = "new"
        CHANGED = "changed"
        GONE = "gone"
        BACK = "back", "found again"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="changes")
    discrepancy = models.ForeignKey(Discrepancy, on_delete=models.CASCADE, related_name="changes")
    what = models.CharField(max_length=10, choices=What.choices)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        db_table = "reconciliation_change"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["run", "discrepancy"], name="one_change_per_run")]

    def __str__(self) -> str:
        return f"{self.what}: {self.discrepancy_id}"
