"""A partner's webhook endpoints: where they lead, how they do, and what became of each delivery."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse

from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import DomainError, Kind
from movmo.kit.ids import is_id
from movmo.operations.context import Context, View
from partners.member.models import Role
from partners.portal import acting
from partners.portal.forms import EndpointForm, KnownEndpointForm, RangeForm, complain
from partners.portal.page import TWICE, PartnerPage, status_of
from partners.webhook import addresses, queries, services
from partners.webhook.models import Failure, WebhookEndpoint
from partners.webhook.schemas import CreateEndpoint, DeliveryStatus, ListDeliveries, RedeliverRange, UpdateEndpoint

A_PAGE = 25
STATES = ("waiting", "delivered", "failed")


class WebhookPage(PartnerPage):
    tab = "webhooks"

    def ctx(self, *, is_live: bool) -> Context:
        return acting.context(self.member, is_live=is_live, request_id=self.request_id)

    def endpoint(self) -> WebhookEndpoint:
        """Raises Http404: another partner's is as absent as one that never was."""
        mine = WebhookEndpoint.objects.filter(partner=self.partner).exclude(state=WebhookEndpoint.State.DELETED)
        found = mine.filter(pk=self.kwargs["endpoint_id"]).first()
        if found is None:
            raise Http404
        return found

    def change_endpoint(self, what: str, change: Callable[[Context, UUID], View], **arguments: Any) -> Any:
        """Raises Http404, or any other DomainError."""
        endpoint = self.endpoint()
        try:
            with self.changing(what) as noted:
                noted.of(endpoint.pk, mode=endpoint.mode, **arguments)
                return change(self.ctx(is_live=endpoint.is_live), endpoint.pk)
        except DomainError as refusal:
            if refusal.kind is Kind.NOT_FOUND:
                raise Http404 from None
            raise


class Webhooks(WebhookPage):
    http_method_names = ("get", "head")

    def shown(self) -> HttpResponse:
        modes = {mode: queries.all_of(self.ctx(is_live=mode == "live")).data for mode in ("live", "test")}
        return self.show("webhooks", modes=modes)


class NewEndpoint(WebhookPage):
    looking_needs = Role.DEVELOPER
    is_fresh = True

    def shown(self) -> HttpResponse:
        return self.show("endpoint_new", form=EndpointForm())

    def sent(self) -> HttpResponse:
        form = EndpointForm(self.request.POST)
        if not form.is_valid():
            return self.show("endpoint_new", form=form, status=422)
        if not self.is_first():
            return self.not_done(TWICE, "webhooks")
        try:
            made = self._create(form.cleaned_data)
        except DomainError as refusal:
            _complain(form, refusal)
            return self.show("endpoint_new", form=form, status=status_of(refusal))
        back = self.url("endpoint", made.endpoint_id)
        return self.show("secret", what="webhook secret", of=made.url, secret=made.secret, back=back)

    def _create(self, typed: dict[str, Any]) -> Any:
        wanted = CreateEndpoint(url=typed["url"], event_types=typed["event_types"])
        addresses.look_up(wanted.url)  # with no transaction open
        ctx = self.ctx(is_live=typed["mode"] == "live")
        with self.changing("create_webhook_endpoint") as change:
            made = services.create(ctx, wanted)
            change.of(made.endpoint_id, mode=made.mode, event_types=made.event_types)
        return made


class OneEndpoint(WebhookPage):
    """How it does, and its deliveries."""

    def shown(self) -> HttpResponse:
        return self._page(RangeForm())

    def sent(self) -> HttpResponse:
        answers = {"ping": self._ping, "redeliver": self._redeliver, "range": self._range}
        answer = answers.get(self.request.POST.get("action", ""))
        return answer() if answer else self.shown()

    def _ping(self) -> HttpResponse:
        return self._tried("ping_webhook_endpoint", services.ping, "A test event is on its way.")

    def _redeliver(self) -> HttpResponse:
        wanted = self.request.POST.get("delivery_id", "")
        if not is_id(wanted):
            raise Http404

        def again(ctx: Context, endpoint_id: UUID) -> View:
            return services.redeliver(ctx, endpoint_id, UUID(wanted))

        return self._tried("redeliver_webhook", again, "It is on its way again.", delivery_id=wanted)

    def _tried(self, what: str, change: Callable[[Context, UUID], View], told: str, **arguments: Any) -> HttpResponse:
        try:
            self.change_endpoint(what, change, **arguments)
        except DomainError as refusal:
            return self.not_done(f"{refusal.text}", "endpoint", self.kwargs["endpoint_id"])
        return self.done(told, "endpoint", self.kwargs["endpoint_id"])

    def _range(self) -> HttpResponse:
        form = RangeForm(self.request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        typed = {**form.cleaned_data, "endpoint_id": self.kwargs["endpoint_id"]}

        def again(ctx: Context, endpoint_id: UUID) -> View:
            return services.redeliver_range(ctx, RedeliverRange(**typed))

        period = {name: typed[name].isoformat() for name in ("since", "until")}
        try:
            told = self.change_endpoint("redeliver_webhooks", again, status=typed["status"], **period)
        except DomainError as refusal:
            _complain(form, refusal)
            return self._page(form, status=status_of(refusal))
        number = told.redelivered
        message = (
            f"{number} {'is' if number == 1 else 'are'} on the way again." if number else "There was none of these."
        )
        return self.done(message, "endpoint", self.kwargs["endpoint_id"])

    def _page(self, form: RangeForm, *, status: int = 200) -> HttpResponse:
        endpoint, asked = self.endpoint(), self.request.GET
        ctx = self.ctx(is_live=endpoint.is_live)
        wanted = asked.get("status", "") if asked.get("status") in STATES else ""
        status_wanted = DeliveryStatus(wanted) if wanted else None
        request = ListDeliveries(endpoint_id=endpoint.pk, limit=A_PAGE, status=status_wanted)
        try:
            paged = request.model_copy(update={"cursor": asked.get("cursor") or None})
            listed = queries.deliveries(ctx, paged)
        except CursorInvalid:
            listed = queries.deliveries(ctx, request)
        context = {"endpoint": queries.view(endpoint, ctx.now), "deliveries": listed, "failures": dict(Failure.choices)}
        return self.show("endpoint", form=form, wanted=wanted, states=STATES, status=status, **context)


class EndpointSettings(WebhookPage):
    """Where it leads and what it wants; its secret; its end."""

    looking_needs = Role.DEVELOPER
    is_fresh = True

    def shown(self) -> HttpResponse:
        endpoint = self.endpoint()
        is_on = endpoint.state == WebhookEndpoint.State.ENABLED
        initial = {"url": endpoint.url, "event_types": endpoint.event_types, "enabled": is_on}
        return self._page(KnownEndpointForm(initial=initial))

    def sent(self) -> HttpResponse:
        answers = {"save": self._save, "rotate": self._rotate, "delete": self._delete}
        answer = answers.get(self.request.POST.get("action", ""))
        return answer() if answer else self.shown()

    def _save(self) -> HttpResponse:
        self.endpoint()
        form = KnownEndpointForm(self.request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        try:
            wanted = UpdateEndpoint(endpoint_id=self.kwargs["endpoint_id"], **form.cleaned_data)
            addresses.look_up(wanted.url)  # with no transaction open
            types, is_on = wanted.event_types, wanted.enabled
            self.change_endpoint(
                "update_webhook_endpoint",
                lambda ctx, _: services.update(ctx, wanted),
                event_types=types,
                enabled=is_on,
            )
        except DomainError as refusal:
            _complain(form, refusal)
            return self._page(form, status=status_of(refusal))
        return self.done("The endpoint is changed.", "endpoint", self.kwargs["endpoint_id"])

    def _rotate(self) -> HttpResponse:
        endpoint = self.endpoint()
        if not self.is_first():
            return self.not_done(TWICE, "endpoint", endpoint.pk)
        try:
            told = self.change_endpoint("rotate_webhook_secret", services.rotate)
        except DomainError as refusal:
            return self.not_done(refusal.text, "endpoint", endpoint.pk)
        back, until = self.url("endpoint", endpoint.pk), told.old_secret_until
        return self.show(
            "secret", what="webhook secret", of=endpoint.url, secret=told.secret, back=back, old_until=until
        )

    def _delete(self) -> HttpResponse:
        self.change_endpoint("delete_webhook_endpoint", services.delete)
        return self.done("The endpoint is deleted. Nothing is sent to it any more.", "webhooks")

    def _page(self, form: KnownEndpointForm, *, status: int = 200) -> HttpResponse:
        return self.show("endpoint_settings", endpoint=self.endpoint(), form=form, status=status)


def _complain(form: Any, refusal: DomainError) -> None:
    """Beside the fields it names; what it says of none stands above the form."""
    problems = {pointer.lstrip("/").partition("/")[0]: [text] for pointer, text in refusal.fields.items()}
    complain(form, problems or {"": [refusal.text]})
