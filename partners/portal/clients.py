"""A partner's OAuth clients, by its own people: made, led elsewhere, given a new secret, disabled."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse

from movmo.kit import clock
from partners.member.models import Role
from partners.oauth import appearance, clients
from partners.oauth.models import Application
from partners.portal.forms import ClientForm, RedirectForm, complain
from partners.portal.page import TWICE, PartnerPage


class Clients(PartnerPage):
    tab = "clients"
    http_method_names = ("get", "head")

    def shown(self) -> HttpResponse:
        mine = Application.objects.filter(partner=self.partner).order_by("disabled_at", "-created", "-pk")
        return self.show("clients", clients=[described(one) for one in mine])


class NewClient(PartnerPage):
    tab = "clients"
    looking_needs = Role.DEVELOPER
    is_fresh = True

    def shown(self) -> HttpResponse:
        return self.show("client_new", form=self._form())

    def sent(self) -> HttpResponse:
        form = self._form(self.request.POST)
        if not form.is_valid():
            return self.show("client_new", form=form, status=422)
        if not self.is_first():
            return self.not_done(TWICE, "clients")
        try:
            made, secret = self._create(form.cleaned_data)
        except ValidationError as problem:
            complain(form, problem.message_dict)
        except clients.ClientRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            if secret is None:
                return self.done(f"{appearance.name_of(made)} is made.", "client", made.client_id)
            return self.show("secret", **_of_secret(made, secret), back=self.url("client", made.client_id))
        return self.show("client_new", form=form, status=422)

    def _create(self, typed: dict[str, Any]) -> tuple[Application, str | None]:
        with self.changing("create_oauth_client") as change:
            made = clients.create(
                partner=self.partner,
                name=typed["name"],
                is_confidential=typed["kind"] == "confidential",
                redirect_uris=typed["redirect_uris"],
                scopes=typed["allowed_scopes"],
            )
            change.of(None, client_id=made[0].client_id, client_type=made[0].client_type, scopes=made[0].allowed_scopes)
        return made

    def _form(self, posted: Any = None) -> ClientForm:
        return ClientForm(posted, scopes=clients.scopes_for(self.partner))


class OneClient(PartnerPage):
    tab = "clients"
    looking_needs = Role.DEVELOPER
    is_fresh = True

    def shown(self) -> HttpResponse:
        client = self._client()
        return self._page(client, RedirectForm(initial={"redirect_uris": client.redirect_uris}))

    def sent(self) -> HttpResponse:
        answers = {"redirect": self._redirect, "rotate": self._rotate, "disable": self._disable}
        answer = answers.get(self.request.POST.get("action", ""))
        return answer() if answer else self.shown()

    def _page(self, client: Application, form: RedirectForm, *, status: int = 200) -> HttpResponse:
        return self.show("client", client=described(client), form=form, status=status)

    def _redirect(self) -> HttpResponse:
        client, form = self._client(), RedirectForm(self.request.POST)
        if form.is_valid():
            try:
                with self.changing("change_oauth_client") as change:
                    clients.change_redirects(client, form.cleaned_data["redirect_uris"])
                    change.of(None, client_id=client.client_id)
            except ValidationError as problem:
                complain(form, problem.message_dict)
            except clients.ClientRefused as refusal:
                return self.not_done(str(refusal), "client", client.client_id)
            else:
                return self.done("Answers go to these addresses from now on.", "client", client.client_id)
        return self._page(self._client(), form, status=422)

    def _rotate(self) -> HttpResponse:
        client = self._client()
        if not self.is_first():
            return self.not_done(TWICE, "client", client.client_id)
        try:
            with self.changing("rotate_oauth_client_secret") as change:
                secret = clients.rotate_secret(client)
                change.of(None, client_id=client.client_id)
        except clients.ClientRefused as refusal:
            return self.not_done(str(refusal), "client", client.client_id)
        return self.show("secret", **_of_secret(client, secret), back=self.url("client", client.client_id))

    def _disable(self) -> HttpResponse:
        client = self._client()
        with self.changing("disable_oauth_client") as change:
            clients.disable(client, now=clock.now())
            change.of(None, client_id=client.client_id)
        return self.done(f"{appearance.name_of(client)} is disabled, and so is every token it has.", "clients")

    def _client(self) -> Application:
        wanted = self.kwargs["client_id"]
        mine = Application.objects.filter(partner=self.partner)
        if "\0" in wanted:  # which PostgreSQL does not even compare
            raise Http404
        found: Application | None = mine.filter(client_id=wanted).first()
        if found is None:
            raise Http404
        return found


def described(client: Application) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "name": appearance.name_of(client),
        "is_confidential": client.client_type == Application.CLIENT_CONFIDENTIAL,
        "redirect_uris": client.redirect_uris.split(),
        "scopes": client.allowed_scopes.split(),
        "created_at": client.created,
        "disabled_at": client.disabled_at,
    }


def _of_secret(client: Application, secret: str) -> dict[str, Any]:
    return {"what": "client secret", "of": appearance.name_of(client), "secret": secret, "client_id": client.client_id}
