"""The shop's partner.

python -m tests.bench.checkout_cast      prints its API key as JSON
"""

from __future__ import annotations

import json
import sys

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from movmo.demo.shop import place
from tests import factories


def main() -> None:
    partner = factories.partner("aviare")
    factories.checkout_origin(partner, place.origin())
    sys.stdout.write(json.dumps(factories.api_key(partner)) + "\n")


if __name__ == "__main__":
    main()
