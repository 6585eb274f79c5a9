"""The pages of the person. allauth reverses its own names: signing in, signing up, asking for a code are one page."""

from django.conf import settings
from django.urls import path

from movmo.accounts import views
from movmo.accounts.impersonation.views import End as EndImpersonation
from movmo.accounts.office import views as staff
from movmo.accounts.passkey import views as passkey_views
from movmo.accounts.sign_in import confirming
from movmo.accounts.sign_in import views as signing_in

urlpatterns = [
    path("accounts/", views.Home.as_view(), name="account_home"),
    path("accounts/login/", signing_in.SignIn.as_view(), name="account_login"),
    path("accounts/login/", signing_in.SignIn.as_view(), name="account_signup"),
    path("accounts/login/", signing_in.SignIn.as_view(), name="account_request_login_code"),
    path("accounts/login/code/", signing_in.EnterCode.as_view(), name="account_confirm_login_code"),
    path("accounts/login/passkey/", passkey_views.SignInWithPasskey.as_view(), name="account_login_passkey"),
    path("accounts/logout/", views.SignOut.as_view(), name="account_logout"),
    path("accounts/confirm/", confirming.Confirm.as_view(), name="account_confirm"),
    path("accounts/confirm/passkey/", passkey_views.ConfirmWithPasskey.as_view(), name="account_confirm_passkey"),
    path("accounts/sessions/", views.Sessions.as_view(), name="account_sessions"),
    path("accounts/passkeys/", passkey_views.Passkeys.as_view(), name="account_passkeys"),
    path("accounts/passkeys/new/", passkey_views.AddPasskey.as_view(), name="account_passkey_new"),
    path("accounts/passkeys/new/options/", passkey_views.PasskeyOptions.as_view(), name="account_passkey_options"),
    path("accounts/passkeys/<int:pk>/", passkey_views.OnePasskey.as_view(), name="account_passkey"),
    path("accounts/second-factor/", staff.SecondFactor.as_view(), name="second_factor"),
    path("accounts/second-factor/new/", staff.NewFactor.as_view(), name="second_factor_new"),
    path("accounts/second-factor/mine/", staff.Factors.as_view(), name="second_factors"),
    path("accounts/impersonation/end/", EndImpersonation.as_view(), name="impersonation_end"),
    path("accounts/inactive/", views.Inactive.as_view(), name="account_inactive"),
]
if not settings.PRODUCTION:
    urlpatterns += [
        path("mailbox", views.Mailbox.as_view(), name="mailbox"),
        path("mailbox/<uuid:letter_id>/page", views.LetterPage.as_view(), name="mailbox_page"),
        path("mailbox/<uuid:letter_id>/files/<int:place>", views.LetterFile.as_view(), name="mailbox_file"),
    ]
