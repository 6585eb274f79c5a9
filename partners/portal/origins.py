"""The origins of a partner's pages that may show its checkout."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse

from partners.origin import services
from partners.origin.models import CheckoutOrigin
from partners.portal.forms import OriginForm, complain
from partners.portal.page import PartnerPage


class Origins(PartnerPage):
    tab = "origins"

    def shown(self) -> HttpResponse:
        return self._page(OriginForm())

    def sent(self) -> HttpResponse:
        return self._remove() if self.request.POST.get("action") == "remove" else self._register()

    def _register(self) -> HttpResponse:
        form = OriginForm(self.request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        try:
            with self.changing("register_checkout_origin") as change:
                row = services.register(partner=self.partner, typed=form.cleaned_data["origin"])
                change.of(row.pk, origin=row.origin)
        except ValidationError as problem:
            complain(form, problem.message_dict)
            return self._page(form, status=422)
        return self.done(f"{row.origin} may show your checkout from now on.", "origins")

    def _remove(self) -> HttpResponse:
        try:
            row = CheckoutOrigin.objects.filter(pk=self.request.POST.get("origin_id", ""), partner=self.partner).first()
        except ValidationError:  # not even an id
            row = None
        if row is None:
            raise Http404
        with self.changing("remove_checkout_origin") as change:
            change.of(row.pk, origin=row.origin)
            services.remove(row)
        return self.done(f"{row.origin} is removed.", "origins")

    def _page(self, form: OriginForm, *, status: int = 200) -> HttpResponse:
        return self.show("origins", form=form, origins=self.partner.checkout_origins.order_by("origin"), status=status)
