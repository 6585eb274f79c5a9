"""Marks of the browser's tests."""

import pytest

LOOKED_AT_ONCE = pytest.mark.looked_at_once
"""Of what is about how a page looks, and about its scripts. What is about data runs on both databases."""
