"""JSON examples with their keys, strings and numbers marked for the style sheet."""

import json
import re
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

TOKEN = re.compile(
    r"""(?P<k>"(?:[^"\\]|\\.)*")(?=:) | (?P<s>"(?:[^"\\]|\\.)*") | (?P<n>-?\d[\d.eE+-]*|\btrue\b|\bfalse\b|\bnull\b)""",
    re.VERBOSE,
)


def highlight(value: Any) -> SafeString:
    """The value as indented JSON in HTML. Every piece of it is escaped, marked or not."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    pieces: list[str] = []
    end = 0
    for match in TOKEN.finditer(text):
        pieces.append(escape(text[end : match.start()]))
        pieces.append(f'<span class="{match.lastgroup}">{escape(match.group())}</span>')
        end = match.end()
    pieces.append(escape(text[end:]))
    return mark_safe("".join(pieces))  # noqa: S308  (escaped above)
