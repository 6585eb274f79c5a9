"""The shop's host is the shop's: nothing else of this server answers there, but for static files."""

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import resolve

from movmo.demo.shop import place

URLS = "movmo.demo.shop.urls"


class Storefront:
    """Middleware, outside production only. Without a key there is no shop, and its host is one like any other."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_the_shops = request.META.get("HTTP_HOST", "").partition(":")[0] == place.HOST
        if not (is_the_shops and settings.MOVMO_SHOP_KEY):
            return self._get_response(request)
        try:
            match = resolve(request.path_info, URLS)
        except Http404:
            return HttpResponse("The shop has no such page.", status=404, content_type="text/plain; charset=utf-8")
        answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return answer
