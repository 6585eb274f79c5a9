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
        """As accounts have it: the letter goes where the account is, whatever the spelling."""
        return User.objects.normalize_email(self.cleaned_data["email"]).lower()


class CodeForm(forms.Form):
    code = forms.CharField(max_length=20, error_messages={"required": "Type the six digits of the letter."})


class NameForm(forms.Form):
    """The name of a passkey."""

    name = forms.CharField(max_length=60, error_messages={"required": "Give it a name."})
