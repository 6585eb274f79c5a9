from django.urls import path

from movmo.traveler import cards, passengers, privacy, profile, trips

app_name = "traveler"
PERSON = "accounts/passengers/<uuid:passenger_id>/"
urlpatterns = [
    path("accounts/profile/", profile.Profile.as_view(), name="profile"),
    path("accounts/profile/name/", profile.Names.as_view(), name="names"),
    path("accounts/profile/locale/", profile.Locale.as_view(), name="locale"),
    path("accounts/profile/travel/", profile.Travel.as_view(), name="travel"),
    path("accounts/profile/contact/", profile.Contact.as_view(), name="contact"),
    path("accounts/profile/contact/<uuid:change_id>/", profile.ContactCodes.as_view(), name="contact_codes"),
    path("accounts/passengers/", passengers.Passengers.as_view(), name="passengers"),
    path("accounts/passengers/new/", passengers.NewPassenger.as_view(), name="passenger_new"),
    path(PERSON, passengers.Passenger.as_view(), name="passenger"),
    path(PERSON + "edit/", passengers.EditPassenger.as_view(), name="passenger_edit"),
    path(PERSON + "documents/new/", passengers.NewDocument.as_view(), name="document_new"),
    path(PERSON + "documents/<uuid:document_id>/", passengers.EditDocument.as_view(), name="document"),
    path("accounts/cards/", cards.Cards.as_view(), name="cards"),
    path("accounts/cards/new/", cards.NewCard.as_view(), name="card_new"),
    path("accounts/cards/<uuid:payment_method_id>/", cards.Card.as_view(), name="card"),
    path("accounts/trips/", trips.Trips.as_view(), name="trips"),
    path("accounts/trips/<uuid:booking_id>/", trips.Trip.as_view(), name="trip"),
    path("accounts/privacy/", privacy.Privacy.as_view(), name="privacy"),
]
