"""What members type. What may be in it is judged by the features; here it is only read."""

from datetime import UTC, datetime
from typing import Any

from django import forms

from movmo.accounts.sign_in.forms import EmailForm, Form, WithoutCard
from movmo.operations import events
from partners.member.models import Role
from partners.webhook.models import WebhookDelivery

MODES = [("test", "Test"), ("live", "Live")]
OF_MODES = "Test keys reach the sandbox airline, where nothing is bought. Live keys reach real ones, and spend money."
OVERLAPS = [("168", "for seven more days"), ("24", "for one more day"), ("0", "not at all: it ends at once")]
LIFETIMES = [("", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")]
OF_ROLES = "A viewer looks. A developer makes and ends keys and the like. An owner also says who is in."
NAME = {"required": "Give it a name."}


class KeyForm(Form):
    name = WithoutCard(
        max_length=100,
        error_messages=NAME,
        help_text="Where it is used, so that you know it again: “staging back end”.",
    )
    mode = forms.ChoiceField(
        choices=MODES, initial="test", help_text=OF_MODES, error_messages={"required": "Choose one."}
    )
    days = forms.ChoiceField(label="Ends", choices=LIFETIMES, required=False)

    def __init__(self, *args: Any, live_keys: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mode: Any = self.fields["mode"]
        mode.choices = MODES if live_keys else MODES[:1]


class RotateForm(Form):
    overlap = forms.ChoiceField(label="The old key goes on working", choices=OVERLAPS, initial="168")


class RedirectForm(Form):
    redirect_uris = WithoutCard(
        label="Redirect URIs",
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write at least one."},
        help_text="One on each line. Answers go to exactly these.",
    )


class ClientForm(RedirectForm):
    name = WithoutCard(max_length=100, error_messages=NAME, help_text="Travelers see it when they are asked.")
    kind = forms.ChoiceField(
        choices=[
            ("public", "Public"),
            ("confidential", "Confidential"),
        ],
        initial="public",
        help_text="Public: an app or a page, which can keep no secret. Confidential: a server, which sends one.",
        error_messages={"required": "Choose one."},
    )
    allowed_scopes = forms.MultipleChoiceField(
        label="Scopes",
        error_messages={
            "required": "Tick at least one.",
            "invalid_choice": "Tick scopes of this list only.",
            "invalid_list": "Tick scopes of this list only.",
        },
    )

    def __init__(self, *args: Any, scopes: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["allowed_scopes"]
        field.choices = [(scope, words) for scope, words in scopes.items()]


class OriginForm(Form):
    origin = WithoutCard(
        max_length=200,
        error_messages={"required": "Write an origin."},
        help_text="Scheme and host as browsers write them, without a path: https://shop.example",
    )


class EndpointForm(Form):
    """`mode` is chosen once, with the endpoint itself."""

    mode = forms.ChoiceField(choices=[("test", "Test bookings"), ("live", "Live bookings")], initial="test")
    url = WithoutCard(
        label="URL",
        max_length=500,
        error_messages={"required": "Write where to send."},
        help_text="https, a public host name, port 443.",
    )
    event_types = forms.MultipleChoiceField(
        label="Events",
        required=False,
        error_messages={"invalid_choice": "Tick types of this list only.", "invalid_list": "Tick types of this list."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["event_types"]
        field.choices = [(one.name, one.description.replace("`", "")) for one in events.catalogue()]


class KnownEndpointForm(EndpointForm):
    enabled = forms.BooleanField(label="Send to it", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["mode"]


class RangeForm(Form):
    since = forms.DateTimeField(label="From", error_messages={"required": "Choose a time."})
    until = forms.DateTimeField(label="To", error_messages={"required": "Choose a time."})
    status = forms.ChoiceField(
        label="Which",
        choices=[
            (WebhookDelivery.State.FAILED.value, "those that failed"),
            (WebhookDelivery.State.DELIVERED.value, "those that were delivered"),
            ("missed", "those missed while it was off"),
        ],
    )

    def clean_since(self) -> datetime:
        return self._in_utc("since")

    def clean_until(self) -> datetime:
        return self._in_utc("until")

    def _in_utc(self, name: str) -> datetime:
        at: datetime = self.cleaned_data[name]
        return at.astimezone(UTC)


class InviteForm(EmailForm):
    role = forms.ChoiceField(choices=Role.choices, initial=Role.DEVELOPER, help_text=OF_ROLES)


class RoleForm(Form):
    role = forms.ChoiceField(choices=Role.choices, help_text=OF_ROLES)


def complain(form: forms.Form, problems: dict[str, list[str]]) -> None:
    """What a feature found wrong, beside the fields it is about; the rest above the form."""
    for name, texts in problems.items():
        for text in texts:
            form.add_error(name if name in form.fields else None, text)
