"""What a person allows an agent in advance, as they type it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms

from movmo.kit.money import AmountInvalid, Money
from movmo.operations.approval.mandates import Limits
from movmo.operations.approval.models import Approval, Mandate
from movmo.operations.approval.proposal import Person, Price, Proposal
from partners.approval import allowances
from partners.approval.allowances import Allowance, last_day

LONGEST = timedelta(days=365)
SUGGESTED = timedelta(days=30)
BOOKINGS_A_MONTH = 2


class AllowanceForm(forms.Form):
    """In the currency of the question, for the people of the question and those allowed before, and nobody else."""

    per_booking = forms.CharField(max_length=20, error_messages={"required": "Write an amount."})
    per_month = forms.CharField(max_length=20, error_messages={"required": "Write an amount."})
    people = forms.MultipleChoiceField(
        error_messages={
            "required": "Tick at least one person.",
            "invalid_choice": "Tick people of this list only.",
            "invalid_list": "Tick people of this list only.",
        }
    )
    until = forms.DateField(
        input_formats=["%Y-%m-%d"],
        error_messages={"required": "Choose a day.", "invalid": "Write a day such as 2027-01-31."},
    )

    def __init__(
        self,
        *args: Any,
        currency: str,
        people: Sequence[Person],
        today: date,
        replaces: Allowance | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.currency, self.today, self.replaces = currency, today, replaces
        choices: Any = self.fields["people"]
        choices.choices = [(str(one.passenger_id), one.name) for one in people]

    def clean_per_booking(self) -> Money:
        return self._amount("per_booking")

    def clean_per_month(self) -> Money:
        return self._amount("per_month")

    def clean_until(self) -> date:
        day: date = self.cleaned_data["until"]
        if day < self.today:
            raise forms.ValidationError("This day is over. Choose one to come.")
        if day > self.last_day:
            raise forms.ValidationError(f"At most a year ahead: until {self.last_day:%-d %B %Y}.")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        once, month = cleaned.get("per_booking"), cleaned.get("per_month")
        if once and month and month.minor < once.minor:
            self.add_error("per_month", "A month cannot hold less than one booking. Write at least that much.")
        return cleaned

    @property
    def last_day(self) -> date:
        return self.today + LONGEST

    @property
    def limits(self) -> Limits:
        """Of a form that is valid."""
        told = self.cleaned_data
        return Limits(
            per_booking=told["per_booking"],
            per_month=told["per_month"],
            passenger_ids=frozenset(UUID(one) for one in told["people"]),
            valid_until=datetime.combine(told["until"] + timedelta(days=1), time(), UTC),
        )

    def _amount(self, name: str) -> Money:
        try:
            amount = Money.parse(self.cleaned_data[name], self.currency)
        except AmountInvalid:
            example = Money.parse("500", self.currency).amount
            raise forms.ValidationError(f"Write an amount in {self.currency}, such as {example}.") from None
        if amount.minor <= 0:
            raise forms.ValidationError("Write an amount above nothing.")
        return amount


def offered(approval: Approval, *, now: datetime, posted: Any = None) -> AllowanceForm | None:
    """None where nothing can be allowed in advance: no price is paid, or for nobody."""
    proposal, today = Proposal.model_validate_json(approval.proposal), now.date()
    price = proposal.price
    if price is None or not proposal.people:
        return None
    present = allowances.current(approval.user_id, approval.client_id, price.currency, now=now)
    before = [one for one in allowances.people_of(present) if one.name] if present else []
    people = list({one.passenger_id: one for one in [*before, *proposal.people]}.values())
    initial = _suggested(price, today=today, present=present) | {"people": [str(one.passenger_id) for one in people]}
    replaces = allowances.described(present, now=now) if present else None
    return AllowanceForm(
        posted, currency=price.currency, people=people, today=today, replaces=replaces, initial=initial
    )


def _suggested(price: Price, *, today: date, present: Mandate | None) -> dict[str, Any]:
    """What the form begins with: a little more than this price, and no less than what is allowed already."""
    once = rounded_up(price.minor)
    month, until = once * BOOKINGS_A_MONTH, today + SUGGESTED
    if present is not None:
        once, month = max(once, present.per_booking_minor), max(month, present.per_month_minor)
        until = max(until, last_day(present.valid_until))
    return {
        "per_booking": Money(once, price.currency).amount,
        "per_month": Money(month, price.currency).amount,
        "until": until,
    }


def rounded_up(minor: int) -> int:
    """To two figures: 41230 is 42000."""
    step: int = 10 ** max(len(str(minor)) - 2, 0)
    return -(-minor // step) * step
