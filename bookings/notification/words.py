"""What a letter says: a template of plain text whose paragraphs are its subject, its headline and the rest.

One text for both forms of the letter, so they cannot differ. Facts are single lines (see `facts`): none makes a
paragraph of its own.
"""

import re
from typing import Any

from django.template.loader import render_to_string


def worded(template: str, facts: dict[str, Any]) -> dict[str, Any]:
    paragraphs = [" ".join(one.split()) for one in re.split(r"\n\s*\n", render_to_string(template, facts))]
    subject, headline, *rest = [one for one in paragraphs if one]
    return {"subject": subject, "headline": headline, "paragraphs": rest}
