"""The pages of the person. allauth reverses its own names: signing in, signing up, asking for a code are one page."""

from django.conf import settings
from django.urls import path

from movmo.accounts import views

urlpatterns = [
    path("accounts/", views.Home.as_view(), name="account_home"),
    path("accounts/login/", views.SignIn.as_view(), name="account_login"),
    path("accounts/login/", views.SignIn.as_view(), name="account_signup"),
    path("accounts/login/", views.SignIn.as_view(), name="account_request_login_code"),
    path("accounts/login/code/", views.EnterCode.as_view(), name="account_confirm_login_code"),
    path("accounts/logout/", views.SignOut.as_view(), name="account_logout"),
    path("accounts/inactive/", views.Inactive.as_view(), name="account_inactive"),
]
if not settings.PRODUCTION:
    urlpatterns.append(path("mailbox", views.Mailbox.as_view(), name="mailbox"))
