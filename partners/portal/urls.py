"""The pages of partners' people. The slug says of which partner: a person may belong to several."""

from django.urls import path

from partners.portal import arriving, clients, keys, origins, overview, quick_start, team, webhooks

app_name = "partner"
OF = "partner/<slug:slug>/"
urlpatterns = [
    path("partner/", arriving.Arrival.as_view(), name="arrival"),
    path("partner/invitations/<uuid:invitation_id>/", arriving.AcceptInvitation.as_view(), name="invitation"),
    path(OF, overview.Overview.as_view(), name="overview"),
    path(OF + "keys/", keys.Keys.as_view(), name="keys"),
    path(OF + "keys/new/", keys.NewKey.as_view(), name="key_new"),
    path(OF + "keys/<uuid:key_id>/", keys.OneKey.as_view(), name="key"),
    path(OF + "clients/", clients.Clients.as_view(), name="clients"),
    path(OF + "clients/new/", clients.NewClient.as_view(), name="client_new"),
    path(OF + "clients/of/<str:client_id>/", clients.OneClient.as_view(), name="client"),
    path(OF + "origins/", origins.Origins.as_view(), name="origins"),
    path(OF + "webhooks/", webhooks.Webhooks.as_view(), name="webhooks"),
    path(OF + "webhooks/new/", webhooks.NewEndpoint.as_view(), name="endpoint_new"),
    path(OF + "webhooks/<uuid:endpoint_id>/", webhooks.OneEndpoint.as_view(), name="endpoint"),
    path(OF + "webhooks/<uuid:endpoint_id>/settings/", webhooks.EndpointSettings.as_view(), name="endpoint_settings"),
    path(OF + "usage/", overview.Usage.as_view(), name="usage"),
    path(OF + "team/", team.Team.as_view(), name="team"),
    path(OF + "team/invite/", team.Invite.as_view(), name="invite"),
    path(OF + "team/<uuid:member_id>/", team.OneMember.as_view(), name="member"),
    path(OF + "team/invitations/<uuid:invitation_id>/withdraw", team.Withdraw.as_view(), name="withdraw"),
    path(OF + "quick-start/", quick_start.QuickStart.as_view(), name="quick_start"),
]
