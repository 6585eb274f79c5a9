"""Names as tickets carry them: Latin capitals, by the transliteration table of ICAO Doc 9303 part 3, section 6.

anyascii alone turns Ü into U; the passport's machine-readable zone says UE, and airlines compare with that. So the
table goes first and anyascii only takes what the table does not know.
"""

import re
import unicodedata

from anyascii import anyascii

from bookings.sandbox_airline.triggers import Trigger
from movmo.kit.errors import DomainError, Kind

ICAO_9303 = str.maketrans(
    {
        "Ä": "AE", "ä": "AE", "Å": "AA", "å": "AA", "Æ": "AE", "æ": "AE", "Ö": "OE", "ö": "OE", "Ø": "OE", "ø": "OE",
        "Œ": "OE", "œ": "OE", "Ü": "UE", "ü": "UE", "ß": "SS", "ẞ": "SS", "Þ": "TH", "þ": "TH", "Ð": "D", "ð": "D",
        "Ñ": "N", "ñ": "N", "Ĳ": "IJ", "ĳ": "IJ", "Ł": "L", "ł": "L",
    }
)  # fmt: skip
TICKETABLE = re.compile(r"[A-Z](?:[A-Z ]*[A-Z])?")
LONGEST = 50
# A joiner is part of how some names are spelt; all else that is not seen could carry words that nobody reads.
BESIDE_LETTERS = frozenset(" -.'’‘`´·,\u200c\u200d\u00a0\u2010\u2011")
# Some names that the sandbox airline reacts to have digits; no name of a person has.
PLAYED = frozenset(Trigger)


class NameInvalid(DomainError):
    kind = Kind.RULE
    code = "name_invalid"
    message = "The {field} cannot be written on a ticket."
    hint = "Give the name as it stands in the travel document: letters, spaces, hyphens and apostrophes."

    @property
    def fields(self) -> dict[str, str]:
        return {f"/{self.facts['field']}": self.text}


def check(name: str, *, field: str) -> None:
    """Raises NameInvalid for what is not letters, as for what no ticket can carry: see `as_ticketed`."""
    is_played = name.strip().upper() in PLAYED
    if not is_played and not all(
        unicodedata.category(letter)[0] in "LM" or letter in BESIDE_LETTERS for letter in name
    ):
        raise NameInvalid(field=field)
    as_ticketed(name, field=field)


def as_ticketed(name: str, *, field: str) -> str:
    """ "Zoë-Jürgen" → "ZOE JUERGEN". Raises NameInvalid when no letter remains or others than letters do."""
    # A letter and its accent may come as two characters; the table knows them as one.
    composed = unicodedata.normalize("NFC", name)
    latin = anyascii(composed.translate(ICAO_9303)).upper()
    joined = re.sub(r"['’`.]", "", latin)
    words = " ".join(re.sub(r"[-\s]+", " ", joined).split())
    if len(words) > LONGEST or not (TICKETABLE.fullmatch(words) or words in PLAYED):
        raise NameInvalid(field=field)
    return words
