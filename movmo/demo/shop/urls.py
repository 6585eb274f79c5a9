from django.urls import path

from movmo.demo.shop import pages

urlpatterns = [
    path("", pages.flight),
    path("sessions", pages.open_session),
    path("sessions/<uuid:session_id>", pages.read_session),
    path("thanks", pages.thanks),
]
