from django.urls import path

from tests.bench.contenders.stock.views import BookingDetail

urlpatterns = [path("v1/users/me/bookings/<uuid:pk>", BookingDetail.as_view())]
