"""Every URL of the WSGI side, by door."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import TemplateView

from movmo.accounts.pages import Page


class Landing(Page, TemplateView):
    """Whoever comes by without a path: where the doors are."""

    template_name = "landing.html"


admin.site.index_title = "Back office"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("movmo.rest.urls")),  # first, because it is the busiest: routes are tried in this order
    path("", Landing.as_view(), name="landing"),
    path("admin/", admin.site.urls),
    path("", include("movmo.traveler.urls")),
    path("", include("movmo.accounts.urls")),
    path("", include("partners.oauth.urls")),
    path("", include("partners.approval.urls")),
    path("", include("partners.portal.urls")),
    path("", include("bookings.export.urls")),
    path("", include("checkout_widget.urls")),
]

# REST answers in JSON even where no route does.
handler400 = "movmo.rest.pages.bad_request"
handler404 = "movmo.rest.pages.not_found"
handler500 = "movmo.rest.pages.crashed"
