"""The page on which staff see a new secret, once.

It is the answer to the form that made the secret. Django's messages are no place for one: they wait for the next page
in a cookie or the session, which is a copy of the secret at rest.
"""

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse


def page(admin: "ModelAdmin[Model]", request: HttpRequest, made: Model, *, what: str, secret: str) -> TemplateResponse:
    """`what` is the secret's sort, as in "API key". Nothing of the page is kept, by us or by the browser."""
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": f"Copy the {what} now",
        "what": what,
        "made": made,
        "secret": secret,
        "back": reverse(f"{admin.admin_site.name}:{admin.opts.app_label}_{admin.opts.model_name}_changelist"),
    }
    response = TemplateResponse(request, "admin/shown_once.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response
