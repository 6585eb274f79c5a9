"""What is known of the traveler, to take along, and the way to be forgotten."""

import json
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from movmo.accounts.models import User
from movmo.accounts.privacy import services as privacy
from movmo.accounts.sign_in.confirming import Guarded
from movmo.kit import clock
from movmo.operations.context import Door


class Privacy(Guarded):
    after_confirming = "traveler:privacy"

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "traveler/privacy.html")

    def post(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        assert isinstance(user, User)
        if request.POST.get("action") == "export":
            return _download(privacy.export(user, door=Door.PAGES))
        if request.POST.get("email", "").strip().lower() != user.email:
            failure = "Type the e-mail address of this account to delete it."
            return render(request, "traveler/privacy.html", {"failure": failure}, status=422)
        try:
            privacy.delete(user, now=clock.now(), door=Door.PAGES)
        except privacy.AccountBusy as refusal:
            context = {"failure": f"{refusal.text} {refusal.hint}"}
            return render(request, "traveler/privacy.html", context, status=409)
        logout(request)
        return render(request, "traveler/deleted.html")


def _download(known: dict[str, Any]) -> HttpResponse:
    text = json.dumps(known, indent=2, ensure_ascii=False, default=str)
    headers = {"Content-Disposition": 'attachment; filename="movmo.json"'}
    return HttpResponse(text, content_type="application/json", headers=headers)
