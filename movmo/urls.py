"""Every URL of the WSGI side, by door."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("movmo.accounts.urls")),
    path("", include("partners.oauth.urls")),
    path("", include("movmo.rest.urls")),
]

# REST answers in JSON even where no route does.
handler400 = "movmo.rest.pages.bad_request"
handler404 = "movmo.rest.pages.not_found"
handler500 = "movmo.rest.pages.crashed"
