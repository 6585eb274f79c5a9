"""The checkout's words in its languages: all that is said is translated, and what is compiled is what is written.

`check_words.py write` (make words) reads what templates/checkout, the letters that a checkout sends and checkout_widget
say into the .po files, beside what is translated already, and compiles them. Without it nothing is written, and every
difference is named.
"""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates" / "checkout"
LETTERS = ROOT / "templates" / "email"
PACKAGE = ROOT / "checkout_widget"
LOCALES = PACKAGE / "locale"
LANGUAGES = ("de", "fr", "es", "nl")
KEYWORDS = {
    "gettext": None,
    "_": None,
    "noted": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
WRITTEN_AT = datetime(2026, 11, 20, tzinfo=UTC)  # as in every file: the day of a run is no difference


def main() -> int:
    said = everything_said()
    if sys.argv[1:] == ["write"]:
        for language in LANGUAGES:
            write(language, said)
    problems = [problem for language in LANGUAGES for problem in problems_of(language, said)]
    print("\n".join(problems) or f"{len(said)} phrases in {len(LANGUAGES) + 1} languages")
    return 1 if problems else 0


def everything_said() -> Catalog:
    said = Catalog()
    for path in sorted([*TEMPLATES.rglob("*.html"), *LETTERS.rglob("*.txt"), *PACKAGE.rglob("*.py")]):
        text = path.read_text()
        if path.suffix != ".py":
            # What stands around the phrases is struck out, but not indented as Python would have it.
            text = re.sub(r"(?m)^\s+", "", templatize(text, origin=str(path)))
        for line, phrase, comments, context in extract("python", BytesIO(text.encode()), keywords=KEYWORDS):
            said.add(phrase, locations=[(str(path.relative_to(ROOT)), line)], auto_comments=comments, context=context)
    return said


def write(language: str, said: Catalog) -> None:
    path = po_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog = read(language) if path.exists() else Catalog(language)
    catalog.update(said, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    path.write_bytes(as_po(catalog, language))
    path.with_suffix(".mo").write_bytes(compiled(read(language)))


def problems_of(language: str, said: Catalog, locales: Path = LOCALES) -> Iterator[str]:
    path = po_of(language, locales)
    name = path.relative_to(locales.parent)
    if not path.exists():
        yield f"{name} is missing: make words"
        return
    catalog = read(language, locales)
    known, needed = phrases(catalog), phrases(said)
    yield from (f"{name} lacks {key!r}: make words" for key in needed.keys() - known.keys())
    yield from (f"{name} has {key!r}, which nothing says any more: make words" for key in known.keys() - needed.keys())
    yield from (f"{name} does not translate {key!r}" for key, one in known.items() if not is_translated(one))
    for message, faults in catalog.check():
        yield from (f"{name}: {message.id!r}: {fault}" for fault in faults)
    compiled_file = path.with_suffix(".mo")
    if not compiled_file.exists() or compiled_file.read_bytes() != compiled(catalog):
        yield f"{name.with_suffix('.mo')} is not what Babel compiles from {path.name}: make words"


def is_translated(message: Message) -> bool:
    forms = (message.string,) if isinstance(message.string, str) else message.string
    return forms is not None and len(forms) > 0 and all(forms) and not message.fuzzy


def phrases(catalog: Catalog) -> dict[tuple[str | None, str], Message]:
    told = [one for one in catalog if one.id]
    return {(one.context, one.id if isinstance(one.id, str) else one.id[0]): one for one in told}


def read(language: str, locales: Path = LOCALES) -> Catalog:
    return read_po(StringIO(po_of(language, locales).read_text()), locale=language)


def po_of(language: str, locales: Path = LOCALES) -> Path:
    return locales / language / "LC_MESSAGES" / "django.po"


def as_po(catalog: Catalog, language: str) -> bytes:
    catalog.project, catalog.version = "Movmo", "1"
    catalog.header_comment = f"# The checkout in {catalog.locale.english_name if catalog.locale else language}."
    catalog.creation_date = catalog.revision_date = WRITTEN_AT
    catalog.last_translator, catalog.language_team = "Movmo", language
    catalog.msgid_bugs_address, catalog.fuzzy = "", False
    file = BytesIO()
    write_po(file, catalog, width=120, no_location=True, sort_output=True, include_previous=False)
    return file.getvalue()


def compiled(catalog: Catalog) -> bytes:
    file = BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
