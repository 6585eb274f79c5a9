import pytest
from django.test import Client

from partners.member.models import Role
from partners.partner.models import Partner
from tests.partners.portal.people import member_at


@pytest.fixture
def owner(aviare: Partner) -> Client:
    """An owner of aviare's, who signed in a moment ago."""
    return member_at(aviare)


@pytest.fixture
def developer(aviare: Partner) -> Client:
    return member_at(aviare, Role.DEVELOPER, "coder@aviare.example")


@pytest.fixture
def viewer(aviare: Partner) -> Client:
    return member_at(aviare, Role.VIEWER, "looks@aviare.example")
