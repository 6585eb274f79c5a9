"""django-oauth-toolkit reverses its own names, so the names are its own and the paths ours. What is not here is off."""

from django.urls import path

from partners.oauth import consent, metadata, pages, registration, views

app_name = "oauth2_provider"
urlpatterns = [
    path(".well-known/oauth-authorization-server", metadata.authorization_server, name="oauth-server-metadata"),
    path(".well-known/openid-configuration", metadata.authorization_server, name="oidc-connect-discovery-info"),
    path(".well-known/oauth-protected-resource", metadata.protected_resource, name="oauth-resource-metadata"),
    path(".well-known/oauth-protected-resource/<path:path>", metadata.protected_resource, name="oauth-resource"),
    path(".well-known/jwks.json", metadata.Keys.as_view(), name="jwks-info"),
    path("v1/oauth/authorize", consent.Authorize.as_view(), name="authorize"),
    path("accounts/apps/", pages.ConnectedApps.as_view(), name="connections"),
    path("accounts/apps/<uuid:connection_id>/disconnect", pages.Disconnect.as_view(), name="disconnect"),
    path("v1/oauth/token", views.Token.as_view(), name="token"),
    path("v1/oauth/revoke", views.Revoke.as_view(), name="revoke-token"),
    path("v1/oauth/introspect", views.Introspect.as_view(), name="introspect"),
    path("v1/oauth/userinfo", views.UserInfo.as_view(), name="user-info"),
    path("v1/oauth/register", registration.Register.as_view(), name="dcr-register"),
    path("v1/oauth/register/<str:client_id>", registration.Registration.as_view(), name="dcr-register-management"),
]
