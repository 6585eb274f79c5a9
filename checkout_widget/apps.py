from django.apps import AppConfig


class CheckoutWidgetConfig(AppConfig):
    name = "checkout_widget"
    verbose_name = "Checkout"

    def ready(self) -> None:
        import checkout_widget.operations  # noqa: F401  (declares)
        from checkout_widget import privacy
        from checkout_widget.session import watching
        from movmo.accounts.privacy.services import register
        from movmo.operations import events, outbox

        register(privacy.RECORDS)
        events.register_sink(watching.receive)
        outbox.register(watching.TOPIC, watching.go_on)
