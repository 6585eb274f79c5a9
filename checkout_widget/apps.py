from django.apps import AppConfig


class CheckoutWidgetConfig(AppConfig):
    name = "checkout_widget"

    def ready(self) -> None:
        import checkout_widget.operations  # noqa: F401  (declares)
        from checkout_widget.session import watching
        from movmo.operations import events

        events.register_sink(watching.receive)
