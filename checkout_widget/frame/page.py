"""The frame's own page: a shell without anybody's data, for whoever may hold it in a frame."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.generic import View

from checkout_widget.session.models import CheckoutSession


class Frame(View):
    def get(self, request: HttpRequest, session_id: UUID, **_: Any) -> HttpResponse:
        session = get_object_or_404(CheckoutSession, pk=session_id)
        return render(request, "checkout/frame.html", {"session": session})
