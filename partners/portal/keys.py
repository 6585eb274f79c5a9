"""A partner's API keys, by its own people: made, shown once, rotated, revoked. Never read."""

from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpResponse

from movmo.kit import clock
from partners.api_key import services
from partners.api_key.models import ApiKey, KeyState
from partners.member.models import Role
from partners.portal.forms import KeyForm, RotateForm
from partners.portal.page import TWICE, PartnerPage

MOST_DEAD = 20
"""Keys that are over and still listed, the newest first."""
OVER = (KeyState.REVOKED, KeyState.EXPIRED)


class Keys(PartnerPage):
    tab = "keys"
    http_method_names = ("get", "head")

    def shown(self) -> HttpResponse:
        now = clock.now()
        every = [described(key, now) for key in self.partner.api_keys.order_by("-created_at", "-pk")]
        over = [one for one in every if one["is_over"]]
        return self.show("keys", alive=[one for one in every if not one["is_over"]], over=over[:MOST_DEAD])


class NewKey(PartnerPage):
    tab = "keys"
    looking_needs = Role.DEVELOPER
    is_fresh = True

    def shown(self) -> HttpResponse:
        return self.show("key_new", form=self._form())

    def sent(self) -> HttpResponse:
        form = self._form(self.request.POST)
        if not form.is_valid():
            return self.show("key_new", form=form, status=422)
        if not self.is_first():
            return self.not_done(TWICE, "keys")
        typed, now = form.cleaned_data, clock.now()
        ends = now + timedelta(days=int(typed["days"])) if typed["days"] else None
        try:
            key, raw = self._issue(typed["name"], is_live=typed["mode"] == "live", ends=ends, now=now)
        except services.KeyRefused as refusal:
            form.add_error(None, str(refusal))
            return self.show("key_new", form=form, status=422)
        return self.show("secret", what="API key", of=key.name, secret=raw, back=self.url("keys"))

    def _issue(self, name: str, *, is_live: bool, ends: datetime | None, now: datetime) -> tuple[ApiKey, str]:
        with self.changing("create_api_key") as change:
            made = services.issue(partner=self.partner, name=name, now=now, live=is_live, expires_at=ends)
            change.of(made[0].pk, hint=made[0].hint, mode=made[0].mode)
        return made

    def _form(self, posted: Any = None) -> KeyForm:
        return KeyForm(posted, live_keys=self.partner.plan.live_keys)


class OneKey(PartnerPage):
    tab = "keys"
    looking_needs = Role.DEVELOPER
    is_fresh = True

    def shown(self) -> HttpResponse:
        return self._page(RotateForm())

    def sent(self) -> HttpResponse:
        answer = {"rotate": self._rotate, "revoke": self._revoke}.get(self.request.POST.get("action", ""))
        return answer() if answer else self.shown()

    def _rotate(self) -> HttpResponse:
        key, form = self._key(), RotateForm(self.request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        if not self.is_first():
            return self.not_done(TWICE, "keys")
        overlap = timedelta(hours=int(form.cleaned_data["overlap"]))
        try:
            with self.changing("rotate_api_key") as change:
                fresh, raw = services.rotate(key, now=clock.now(), overlap=overlap)
                change.of(key.pk, hint=key.hint, new_hint=fresh.hint)
        except services.KeyRefused as refusal:
            return self.not_done(str(refusal), "keys")
        return self.show("secret", what="API key", of=fresh.name, secret=raw, back=self.url("keys"), replaced=key)

    def _revoke(self) -> HttpResponse:
        key = self._key()
        with self.changing("revoke_api_key") as change:
            services.revoke(key, now=clock.now())
            change.of(key.pk, hint=key.hint)
        return self.done(f"{key.name} is revoked: it works no more.", "keys")

    def _key(self) -> ApiKey:
        key = ApiKey.objects.filter(pk=self.kwargs["key_id"], partner=self.partner).select_related("partner__plan")
        found = key.first()
        if found is None:
            raise Http404
        return found

    def _page(self, form: RotateForm, *, status: int = 200) -> HttpResponse:
        return self.show("key", key=described(self._key(), clock.now()), form=form, status=status)


def described(key: ApiKey, now: datetime) -> dict[str, Any]:
    state = key.state(now)
    return {
        "id": key.pk,
        "name": key.name,
        "hint": key.hint,
        "mode": key.mode,
        "state": state.label,
        "tone": {KeyState.USABLE: "good", KeyState.EXPIRING: "warn", KeyState.REPLACED: "warn"}.get(state, "bad"),
        "is_over": state in OVER,
        "may_rotate": state in (KeyState.USABLE, KeyState.EXPIRING),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }
