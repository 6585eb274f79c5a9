"""What people type."""

from django import forms

from movmo.accounts.models import User


class EmailForm(forms.Form):
    email = forms.EmailField(
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


class CodeForm(forms.Form):
    code = forms.CharField(max_length=20, error_messages={"required": "Type the six digits of the letter."})


class NameForm(forms.Form):
    """The name of a passkey."""

    name = forms.CharField(max_length=60, error_messages={"required": "Give it a name."})
