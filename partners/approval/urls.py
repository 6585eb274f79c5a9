from django.urls import path

from partners.approval import pages

app_name = "approvals"
urlpatterns = [
    path("approvals/", pages.Approvals.as_view(), name="approvals"),
    path("approvals/<uuid:approval_id>", pages.OneApproval.as_view(), name="approval"),
    path("accounts/apps/mandates/<uuid:mandate_id>/revoke", pages.Revoke.as_view(), name="revoke"),
]
