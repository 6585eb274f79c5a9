"""get_booking as the tutorials write it."""

from typing import Any

from django.db.models import QuerySet
from oauth2_provider.contrib.rest_framework.permissions import TokenHasScope
from rest_framework.generics import RetrieveAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.serializers import JSONField, ModelSerializer

from bookings.booking.models import Booking
from movmo.kit import clock
from partners.api_key import secret
from partners.api_key.models import ApiKey


class HasApiKey(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        digest = secret.digest(request.headers.get("x-api-key", ""))
        key = ApiKey.objects.select_related("partner__plan").filter(digest=digest).first()
        return key is not None and key.is_usable(clock.now()) and key.partner.is_active


class BookingSerializer(ModelSerializer[Booking]):
    passengers = JSONField()

    class Meta:
        model = Booking
        fields = [
            "id",
            "state",
            "provider",
            "total_minor",
            "currency",
            "created_at",
            "record_locators",
            "documents",
            "offer",
            "mode",
            "payment_required_by",
            "passengers",
            "itinerary",
            "failure_code",
            "failure_facts",
            "updated_at",
        ]


class BookingDetail(RetrieveAPIView[Booking]):
    serializer_class = BookingSerializer
    permission_classes = [HasApiKey, TokenHasScope]
    required_scopes = ["bookings:read"]

    def get_queryset(self) -> QuerySet[Booking]:
        return Booking.objects.filter(user=self.request.user.pk)
