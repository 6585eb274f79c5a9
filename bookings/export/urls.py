from django.urls import path

from bookings.export import pages

app_name = "exports"
urlpatterns = [path("exports/<uuid:export_id>/file", pages.download, name="file")]
