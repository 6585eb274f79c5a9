"""Allowances that refill and quotas of a month, in this process's memory or in a Redis that all processes share."""
