"""What people type. A card number is none of it: it is refused before anything else is judged (`kit.card_digits`)."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator

from movmo.accounts.models import User
from movmo.kit import card_digits
from movmo.operations.card_numbers import CardNumberRefused


class WithoutCard(forms.CharField):
    """Text in which no card number stands. Longer text is refused before anybody looks."""

    def to_python(self, value: Any) -> str | None:
        text = super().to_python(value)
        if text and self.max_length is not None:
            MaxLengthValidator(self.max_length)(text)
        if text and card_digits.is_in(text):
            raise forms.ValidationError("This holds a card number. It was not kept.", code=CardNumberRefused.code)
        return text


class Email(WithoutCard, forms.EmailField):
    """An address."""


class Form(forms.Form):
    def add_error(self, field: str | None, error: Any) -> None:
        """A card number is not even shown to the page that it came from; nor is what nobody looked at."""
        super().add_error(field, error)
        if field and (self.has_error(field, CardNumberRefused.code) or self.has_error(field, MaxLengthValidator.code)):
            self.data = {**self.data, field: ""}


class EmailForm(Form):
    email = Email(
        max_length=254,
        error_messages={
            "required": "Type your e-mail address.",
            "invalid": "This is no e-mail address. It looks like ana@example.com.",
        },
    )

    def clean_email(self) -> str:
        """As accounts have it: the letter goes where the account is, whatever the spelling.

        In ASCII only: mailing would turn several other spellings into one address, and each had its own account and
        its own share of letters. Not by the number of a host: that may be one of ours.
        """
        typed: str = self.cleaned_data["email"]
        if not typed.isascii() or typed.endswith("]"):
            raise forms.ValidationError(
                "Write the address in ASCII: an international domain as xn--…, none as a number."
            )
        return User.objects.normalize_email(typed).lower()


class CodeForm(Form):
    code = WithoutCard(max_length=20, error_messages={"required": "Type the six digits of the letter."})


class NameForm(Form):
    """The name of a passkey."""

    name = WithoutCard(max_length=60, error_messages={"required": "Give it a name."})
