"""How the admin looks: its name, its colours and its sidebar, in the words of the field."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy


def _section(title: str, *models: tuple[str, str, str]) -> dict[str, Any]:
    """A section of the admin's sidebar. An entry is its title, its icon and its model; who may see that, sees it."""

    def item(title: str, icon: str, model: str) -> dict[str, Any]:
        app, _, name = model.rpartition("_")
        return {
            "title": title,
            "icon": icon,
            "link": reverse_lazy(f"admin:{model}_changelist"),
            "permission": lambda request: request.user.has_perm(f"{app}.view_{name}"),
        }

    return {"title": title, "separator": True, "items": [item(*model) for model in models]}


UNFOLD = {
    "SITE_TITLE": "Movmo",
    "SITE_HEADER": "Movmo",
    "SITE_SUBHEADER": "Back office",
    "SITE_SYMBOL": "flight_takeoff",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _: static("movmo/mark.svg")}],
    "STYLES": [lambda _: static("movmo/office.css")],
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "movmo.dashboard.fill",
    "COMMAND": {"search_callback": "bookings.office.command.search"},
    "COLORS": {
        "primary": {
            "50": "#effaf9",
            "100": "#d6f1ef",
            "200": "#aee3df",
            "300": "#7ccfca",
            "400": "#5cc8c2",
            "500": "#1d9a97",
            "600": "#0b6e6e",
            "700": "#0a5c5c",
            "800": "#0c4a4b",
            "900": "#0d3d3f",
            "950": "#042325",
        }
    },
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": [
            _section(
                "Bookings",
                ("Bookings", "flight_takeoff", "bookings_booking"),
                ("Transitions", "timeline", "bookings_bookingtransition"),
                ("Documents", "confirmation_number", "bookings_bookingdocument"),
                ("Provider calls", "swap_calls", "bookings_providercall"),
                ("Amendments", "edit_calendar", "bookings_amendment"),
                ("Schedule changes", "update", "bookings_schedulechange"),
                ("Cancellation quotes", "request_quote", "bookings_cancellationquote"),
                ("Offers", "sell", "bookings_offer"),
                ("Slots", "event_seat", "bookings_offerslot"),
                ("Passengers", "luggage", "bookings_passenger"),
                ("Identity documents", "badge", "bookings_identitydocument"),
                ("Payment methods", "credit_card", "bookings_paymentmethod"),
                ("Cards to forget", "credit_card_off", "bookings_redaction"),
            ),
            _section(
                "Reconciliation",
                ("Statements", "receipt_long", "bookings_statement"),
                ("Runs", "compare_arrows", "bookings_run"),
                ("Discrepancies", "rule", "bookings_discrepancy"),
                ("Countersignatures", "draw", "bookings_countersignature"),
                ("Adjustments", "price_change", "bookings_adjustment"),
                ("Days pulled", "cloud_download", "bookings_pulledday"),
                ("Rules", "tune", "bookings_rules"),
                ("Column mappings", "view_column", "bookings_columnmapping"),
                ("Period locks", "lock_clock", "bookings_periodlock"),
            ),
            _section(
                "Partners",
                ("Partners", "handshake", "partners_partner"),
                ("Members", "badge", "partners_member"),
                ("Invitations", "mail", "partners_invitation"),
                ("Usage plans", "speed", "partners_usageplan"),
                ("API keys", "key", "partners_apikey"),
                ("Applications", "apps", "partners_application"),
                ("Checkouts", "shopping_cart", "checkout_widget_checkoutsession"),
                ("Batches", "checklist", "partners_batch"),
                ("Webhook endpoints", "webhook", "partners_webhookendpoint"),
                ("Webhook deliveries", "outgoing_mail", "partners_webhookdelivery"),
            ),
            _section(
                "People",
                ("Users", "person", "accounts_user"),
                ("Sign-in attempts", "password", "accounts_signinattempts"),
                ("Second factors", "phonelink_lock", "mfa_authenticator"),
                ("Lock-outs", "lock_clock", "accounts_lockout"),
                ("Sessions", "devices", "usersessions_usersession"),
                ("Known browsers", "laptop", "accounts_device"),
                ("Letters to be sent", "outgoing_mail", "accounts_pendingletter"),
                ("Groups", "group", "auth_group"),
                ("Connections", "link", "partners_connection"),
                ("Approvals", "how_to_reg", "operations_approval"),
                ("Mandates", "savings", "operations_mandate"),
                ("Access tokens", "token", "oauth2_provider_accesstoken"),
                ("Refresh tokens", "autorenew", "oauth2_provider_refreshtoken"),
                ("Authorization codes", "pin", "oauth2_provider_grant"),
                ("ID tokens", "badge", "oauth2_provider_idtoken"),
            ),
            _section(
                "Events",
                ("Events", "campaign", "operations_event"),
                ("Outbox", "outbox", "operations_outbox"),
            ),
            _section(
                "Exports",
                ("Exports", "download", "bookings_export"),
            ),
            _section(
                "Audit",
                ("Audit events", "history", "operations_auditevent"),
                ("Verifications", "verified_user", "operations_auditverification"),
                ("Idempotency records", "repeat", "operations_idempotencyrecord"),
            ),
            _section(
                "Sandbox airline",
                ("Orders", "receipt_long", "bookings_sandboxorder"),
                ("Seats", "airline_seat_recline_normal", "bookings_sandboxinventory"),
                ("Tickets", "confirmation_number", "bookings_sandboxticket"),
                ("Chosen seats", "event_seat", "bookings_sandboxseat"),
                ("Cancellation quotes", "request_quote", "bookings_sandboxcancellationquote"),
                ("Refused calls", "hourglass_top", "bookings_sandboxthrottle"),
            ),
        ],
    },
}
