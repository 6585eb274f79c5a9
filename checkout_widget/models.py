from checkout_widget.session.models import CheckoutAttempt, CheckoutSession

__all__ = ["CheckoutAttempt", "CheckoutSession"]
