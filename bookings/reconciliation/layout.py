"""Which of a file's columns say what of ours, as SQL over the staged text. A row of it is the same for every format.

Sources: Stripe, "Payout reconciliation report", itemized columns (docs.stripe.com/reports/payout-reconciliation);
Adyen, "Settlement details report", columns and journal types (docs.adyen.com/reporting/settlement-reconciliation).

A payment processor's dispute is no airline's memo: it takes the sale's money back to the traveler, and the total goes
down by it. So it is read as a refund, and what is won back as a sale, as a failed refund is. Ours knows of no such
refund: finance is told of `refund_not_reflected`, or of a `duplicate` where the traveler was refunded before. As a memo
it would have the other sign, by which what they paid would be too much by twice the amount.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bookings.reconciliation.dialect import DECIMALS, by_decimals, dialect, listed
from bookings.reconciliation.models import ColumnMapping, Format

KEYS = ("order_id", "client_reference", "ticket_number", "record_locator")
DATES = ("issued_on", "departure_on")
AMOUNTS = ("gross", "tax", "fee", "net")
COLUMNS = ("kind", *KEYS, "surname", *DATES, "currency", *AMOUNTS, "status")
"""Ours. `status` is what an order is at the provider, in pulls of orders; elsewhere it is empty."""
NEEDED = ("kind", "currency", "gross")
KINDS = ("sale", "refund", "void", "adm", "acm", "fee")
STATUSES = ("held", "confirmed", "ticketed", "cancelled", "lapsed")
ISO = "%Y-%m-%d"

STRIPE_NEEDED = ("currency", "gross", "reporting_category")
STRIPE_REFERENCES = ("payment_metadata[booking_id]", "payment_metadata[order_id]", "source_metadata[booking_id]")
STRIPE_KINDS = {
    "charge": "sale",
    "payment": "sale",
    "refund": "refund",
    "partial_capture_reversal": "refund",
    "charge_failure": "void",
    "refund_failure": "sale",
    "dispute": "refund",
    "dispute_reversal": "sale",
    "fee": "fee",
    "other_adjustment": "fee",
}
ADYEN_NEEDED = ("Type", "Gross Currency", "Gross Debit (GC)", "Gross Credit (GC)", "Merchant Reference")
ADYEN_KINDS = {
    "Settled": "sale",
    "Refunded": "refund",
    "RefundedReversed": "sale",
    "Chargeback": "refund",
    "SecondChargeback": "refund",
    "ChargebackReversed": "sale",
    "Fee": "fee",
    "MiscCosts": "fee",
    "InvoiceDeduction": "fee",
    "AuthorisationSchemeFee": "fee",
}
ADYEN_SKIPPED = (
    "MerchantPayout",
    "BankInstructionReturned",  # a payout that came back
    "MatchedStatement",  # the merchant's own transfer to Adyen
    "Balancetransfer",
    "DepositCorrection",
    "ReserveAdjustment",
)
ADYEN_NET = ("Net Currency", "Net Debit (NC)", "Net Credit (NC)")


@dataclass(frozen=True, slots=True)
class Layout:
    """`texts` are SQL expressions over the staged columns c0, c1, …; a column of ours that the file lacks is missing.

    `kinds` are the file's words for ours; a word that is `skipped` is about the payout itself, no line of ours.
    """

    header: tuple[str, ...]
    texts: Mapping[str, str]
    kinds: Mapping[str, str] = field(default_factory=dict)
    skipped: Sequence[str] = ()

    def text(self, column: str) -> str:
        return self.texts.get(column, "''")

    @property
    def staged(self) -> list[str]:
        return [f"c{place}" for place in range(len(self.header))]


def layout_of(format_: str, header: Sequence[str], mapping: ColumnMapping | None) -> Layout:
    """`header` was judged before: see `needed` and `known`."""
    place = {name: f"c{at}" for at, name in enumerate(header)}
    if format_ == Format.STRIPE:
        return _stripe(tuple(header), place)
    if format_ == Format.ADYEN:
        return _adyen(tuple(header), place)
    if format_ == Format.MAPPED and mapping is not None:
        return _mapped(tuple(header), place, mapping)
    return Layout(tuple(header), place)


def needed(format_: str, mapping: ColumnMapping | None) -> tuple[str, ...]:
    """The columns that a header must have."""
    if format_ == Format.STRIPE:
        return STRIPE_NEEDED
    if format_ == Format.ADYEN:
        return ADYEN_NEEDED
    if format_ == Format.MAPPED and mapping is not None:
        return tuple(mapping.columns.values())
    return NEEDED


def known(format_: str) -> tuple[str, ...] | None:
    """The columns that a header may have; None: others are passed over."""
    return COLUMNS if format_ in (Format.CSV, Format.JSON) else None


def _stripe(header: tuple[str, ...], place: Mapping[str, str]) -> Layout:
    """Signed decimal strings, currencies in small letters; the reference is where merchants keep theirs."""
    texts = {
        "kind": place["reporting_category"],
        "currency": f"upper({place['currency']})",
        "gross": place["gross"],
    }
    references = [place[name] for name in STRIPE_REFERENCES if name in place]
    if references:
        texts["client_reference"] = _first_of(references)
    if "net" in place:
        texts["net"] = place["net"]
    for name in ("created_utc", "created"):
        if name in place:
            texts["issued_on"] = f"substr({place[name]}, 1, 10)"
            break
    return Layout(header, texts, STRIPE_KINDS, ("payout", "payout_reversal"))


def _adyen(header: tuple[str, ...], place: Mapping[str, str]) -> Layout:
    """Fees have net columns alone. Those of a payment are in the net's currency, not told here."""
    kind, currency = place["Type"], place["Gross Currency"]
    debit, credit = place["Gross Debit (GC)"], place["Gross Credit (GC)"]
    gross = _signed(debit, credit, currency)
    if all(name in place for name in ADYEN_NET):
        net_currency, net_debit, net_credit = (place[name] for name in ADYEN_NET)
        fees = listed([theirs for theirs, ours in ADYEN_KINDS.items() if ours == "fee"])
        is_net = f"{kind} IN ({fees}) AND {debit} = '' AND {credit} = ''"
        gross = f"CASE WHEN {is_net} THEN {_signed(net_debit, net_credit, net_currency)} ELSE {gross} END"
        currency = f"CASE WHEN {is_net} THEN {net_currency} ELSE {currency} END"
    texts = {"kind": kind, "client_reference": place["Merchant Reference"], "currency": currency, "gross": gross}
    if "Creation Date" in place:
        texts["issued_on"] = f"substr({place['Creation Date']}, 1, 10)"
    return Layout(header, texts, ADYEN_KINDS, ADYEN_SKIPPED)


def _signed(debit: str, credit: str, currency: str) -> str:
    """SQL for credit less debit, which stand in columns of their own, without a sign; one may be a zero beside the
    other.
    """
    return (
        f"CASE WHEN {debit} = '' THEN {credit} WHEN {credit} = '' THEN '-' || {debit} "
        f"ELSE {_less(credit, debit, currency)} END"
    )


def _less(amount: str, other: str, currency: str) -> str:
    """SQL for the difference of two amounts of the currency, as a text. Where one is none, neither is it: the line is
    a bad one then. SQLite counts in doubles, which is why it is rounded.
    """
    parts = {0: f"CAST(CAST({amount} AS bigint) - CAST({other} AS bigint) AS text)"}
    for decimals in DECIMALS.keys() - {0}:
        difference = f"CAST({amount} AS numeric) - CAST({other} AS numeric)"
        parts[decimals] = f"CAST(round({difference}, {decimals}) AS text)"
    malformed = dialect().is_malformed([amount, other], currency)
    return f"CASE WHEN {malformed} THEN {amount} || ' - ' || {other} ELSE {by_decimals(currency, parts)} END"


def _first_of(columns: Sequence[str]) -> str:
    """The first that is not empty."""
    return f"coalesce({', '.join(f'''nullif({column}, '')''' for column in columns)}, '')"


def _mapped(header: tuple[str, ...], place: Mapping[str, str], mapping: ColumnMapping) -> Layout:
    texts = {ours: place[theirs] for ours, theirs in mapping.columns.items()}
    if mapping.decimal_comma:
        for name in AMOUNTS:
            if name in texts:
                texts[name] = _with_a_point(texts[name])
    if mapping.date_format != ISO:
        for name in DATES:
            if name in texts:
                texts[name] = iso_date(texts[name], mapping.date_format)
    return Layout(header, texts, mapping.kinds)


def _with_a_point(amount: str) -> str:
    """SQL for an amount like 1.234,50 as 1234.50. Where a point divides no thousands, commas and points change places:
    no amount has a comma then, and the line is a bad one.
    """
    bare = f"replace({amount}, '.', '')"
    exchanged = f"replace(replace(replace({amount}, '.', ';'), ',', '.'), ';', ',')"
    return (
        f"CASE WHEN {bare} = {amount} OR {dialect().has_thousands(amount)} THEN replace({bare}, ',', '.') "
        f"ELSE {exchanged} END"
    )


def iso_date(column: str, date_format: str) -> str:
    """SQL for a date of digits in fixed places, such as %d.%m.%Y or %Y%m%d, as yyyy-mm-dd."""
    at, places = 1, {}
    marks = iter(date_format)
    for mark in marks:
        if mark == "%":
            part = next(marks)
            places[part] = (at, 4 if part == "Y" else 2)
            at += places[part][1]
        else:
            at += 1
    year, month, day = (f"substr({column}, {places[part][0]}, {places[part][1]})" for part in "Ymd")
    return f"CASE WHEN {column} = '' THEN '' ELSE {year} || '-' || {month} || '-' || {day} END"
