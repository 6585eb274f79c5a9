"""Ana, whose agent the suite plays.

python -m tests.conformance.cast      prints her access token, as JSON
"""

from __future__ import annotations

import json
import sys

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from movmo.operations.scopes import SCOPES
from tests import factories


def main() -> None:
    sys.stdout.write(json.dumps(factories.token(factories.traveler(), SCOPES)) + "\n")


if __name__ == "__main__":
    main()
