"""Marks of the browser's tests."""

import pytest
from django.db import connection

LOOKED_AT_ONCE = pytest.mark.skipif(
    connection.vendor == "postgresql", reason="browser: pages look alike on either database"
)
"""Of what is about how a page looks, and about its scripts. What is about data runs on both databases."""
