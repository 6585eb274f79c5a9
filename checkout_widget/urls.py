from django.urls import path

from checkout_widget.frame import claiming, page, passkey, proving, standing
from checkout_widget.frame.purchase import cards, challenge, checking, passengers, saying_yes

app_name = "checkout"
SESSION = "c/<uuid:session_id>"
urlpatterns = [
    path("c", page.Ahead.as_view(), name="ahead"),
    path(SESSION, page.Frame.as_view(), name="frame"),
    path(f"{SESSION}/claim", claiming.Claim.as_view(), name="claim"),
    path(f"{SESSION}/step", standing.Step.as_view(), name="step"),
    path(f"{SESSION}/status", standing.Status.as_view(), name="status"),
    path(f"{SESSION}/email", proving.Email.as_view(), name="email"),
    path(f"{SESSION}/code", proving.Code.as_view(), name="code"),
    path(f"{SESSION}/passkey", passkey.Passkey.as_view(), name="passkey"),
    path(f"{SESSION}/slots", passengers.Slots.as_view(), name="slots"),
    path(f"{SESSION}/passengers", passengers.Passengers.as_view(), name="passengers"),
    path(f"{SESSION}/passengers/check", checking.Check.as_view(), name="check"),
    path(f"{SESSION}/cards", cards.Cards.as_view(), name="cards"),
    path(f"{SESSION}/offer", saying_yes.Offer.as_view(), name="offer"),
    path(f"{SESSION}/confirm", saying_yes.Confirm.as_view(), name="confirm"),
    path(f"{SESSION}/challenge", challenge.Challenge.as_view(), name="challenge"),
]
