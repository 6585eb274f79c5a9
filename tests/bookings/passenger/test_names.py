"""Names as tickets carry them (ICAO Doc 9303 part 3, section 6)."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.passenger.names import NameInvalid, as_ticketed
from movmo.kit.errors import Kind


def ticketed(name: str) -> str:
    return as_ticketed(name, field="family_name")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Müller", "MUELLER"),
        ("Ärzte", "AERZTE"),
        ("Öztürk", "OEZTUERK"),
        ("Weiß", "WEISS"),
        ("STRAẞE", "STRASSE"),
        ("Sørensen", "SOERENSEN"),
        ("Ångström", "AANGSTROEM"),
        ("Æbelø", "AEBELOE"),
        ("Cœur", "COEUR"),
        ("Núñez", "NUNEZ"),
        ("Łukasz", "LUKASZ"),
        ("Þór", "THOR"),
        ("Guðmundsdóttir", "GUDMUNDSDOTTIR"),
        ("IJsselĳ", "IJSSELIJ"),
        ("Dvořák", "DVORAK"),
        ("Şahin", "SAHIN"),
        ("Nguyễn", "NGUYEN"),
        ("İnce", "INCE"),
    ],
)
def test_letters_of_the_latin_script(name: str, expected: str) -> None:
    assert ticketed(name) == expected


@pytest.mark.parametrize("name", ["Müller", "Ångström", "Öztürk", "Núñez"])
def test_a_letter_and_its_accent_may_come_as_two_characters(name: str) -> None:
    assert ticketed(unicodedata.normalize("NFD", name)) == ticketed(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Anna-Lena", "ANNA LENA"),
        ("O'Brien", "OBRIEN"),
        ("O’Brien", "OBRIEN"),
        ("St. John", "ST JOHN"),
        ("  Ana   María ", "ANA MARIA"),
        ("de la Cruz", "DE LA CRUZ"),
    ],
)
def test_hyphens_apostrophes_and_spaces(name: str, expected: str) -> None:
    assert ticketed(name) == expected


@pytest.mark.parametrize("name", ["李小龍", "山田", "Иванова", "Παπαδόπουλος", "محمد", "कुमार", "김"])
def test_other_scripts_are_transliterated(name: str) -> None:
    assert re.fullmatch(r"[A-Z ]+", ticketed(name))


@pytest.mark.parametrize(
    "name", ["", " ", "-", "'", "123", "😀", "Ana<script>", "Ana/Bo", "Ana, Bo", "x" * 51, "ß" * 26]
)
def test_what_no_ticket_can_carry_is_refused(name: str) -> None:
    with pytest.raises(NameInvalid) as caught:
        ticketed(name)
    assert caught.value.kind is Kind.RULE
    assert caught.value.facts == {"field": "family_name"}


@given(st.text(max_size=60))
def test_whatever_comes_a_ticket_name_is_capitals_digits_and_single_spaces(name: str) -> None:
    try:
        spelt = ticketed(name)
    except NameInvalid:
        return
    assert re.fullmatch(r"[A-Z][A-Z0-9]*( [A-Z0-9]+)*", spelt)
    assert len(spelt) <= 50


@given(st.text(max_size=60))
def test_a_ticket_name_is_its_own_ticket_name(name: str) -> None:
    try:
        spelt = ticketed(name)
    except NameInvalid:
        return
    assert ticketed(spelt) == spelt
