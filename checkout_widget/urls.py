from django.urls import path

from checkout_widget.frame import page

app_name = "checkout"
SESSION = "c/<uuid:session_id>"
urlpatterns = [
    path(SESSION, page.Frame.as_view(), name="frame"),
]
