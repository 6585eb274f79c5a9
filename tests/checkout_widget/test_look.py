"""The look of the frame, as far as a style sheet tells it: what it weighs, and that everybody can read and reach it."""

import gzip
import re
from pathlib import Path

import pytest
from django.test import Client

from tests.checkout_widget.conftest import Checkout

ROOT = Path(__file__).resolve().parent.parent.parent
STATIC = ROOT / "checkout_widget" / "static"
SHEET = STATIC / "checkout" / "checkout.css"
TEMPLATES = sorted((ROOT / "templates" / "checkout").glob("*.html"))
SHEET_BUDGET, FRAME_BUDGET = 5_000, 35_000
WITHOUT_A_LOOK = {"ends", "good", "itinerary", "lines", "now", "sheet"}
"""They say what a thing is; it looks like any other of its kind."""
GROUNDS = ("ground", "sheet", "tint")

Palette = dict[str, str]


def style() -> str:
    return re.sub(r"/\*.*?\*/", "", SHEET.read_text(), flags=re.S)


def palettes() -> dict[str, Palette]:
    blocks = re.findall(r"(:root[^{]*)\{([^}]*)\}", style())
    told = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", text)) for _, text in blocks if "--ground" in text]
    light, by_system, by_choice = told
    assert by_system == by_choice, "dark is one palette, whoever asks for it"
    return {"light": light, "dark": by_choice}


def luminance(color: str) -> float:
    """WCAG 2.2, relative luminance."""
    digits = color.lstrip("#")
    digits = "".join(one * 2 for one in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def weight(text: bytes) -> int:
    return len(gzip.compress(text, 9))


def test_the_style_sheet_is_small() -> None:
    assert weight(SHEET.read_bytes()) <= SHEET_BUDGET


@pytest.mark.django_db
def test_the_whole_frame_is_small(opened: Checkout) -> None:
    page = Client().get(opened.url).content
    sources = re.findall(r'(?:src|href)="(/static/[^"]+\.(?:js|css))"', page.decode())
    assert any(source.endswith("checkout.css") for source in sources)
    assert any(source.endswith(".js") for source in sources)
    files = [STATIC / source.removeprefix("/static/") for source in sources]
    assert sum(weight(file.read_bytes()) for file in files) + weight(page) <= FRAME_BUDGET


def test_nothing_is_fetched_by_the_style_sheet() -> None:
    assert not re.search(r"url\(|@import|@font-face|https?:", style())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", ["ink", "quiet", "accent"])
def test_text_is_readable_on_every_ground(theme: str, ground: str, ink: str) -> None:
    palette = palettes()[theme]
    assert contrast(palette[ink], palette[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("on-accent", "accent"),
        ("bad", "bad-ground"),
        ("ink", "bad-ground"),
        ("warn", "warn-ground"),
        ("bad", "sheet"),
        ("bad", "ground"),
    ],
)
def test_buttons_and_notices_are_readable(theme: str, ink: str, ground: str) -> None:
    palette = palettes()[theme]
    assert contrast(palette[ink], palette[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "sheet"])
@pytest.mark.parametrize("line", ["edge", "accent"])
def test_fields_and_the_ring_around_the_focus_stand_out(theme: str, ground: str, line: str) -> None:
    palette = palettes()[theme]
    assert contrast(palette[line], palette[ground]) >= 3


def test_the_page_and_the_system_choose_between_light_and_dark() -> None:
    assert ":root[data-theme=dark]" in style()
    assert ":root:not([data-theme=light])" in style()


def test_it_heeds_what_people_have_set() -> None:
    reduced = style().partition("prefers-reduced-motion: reduce")[2]
    assert "animation: none !important" in reduced
    assert "transition: none !important" in reduced
    assert "@media (forced-colors: active)" in style()


def test_letters_grow_with_the_reader_s_own_size() -> None:
    sizes = re.findall(r"font(?:-size)?: [^;]*?([\d.]+)px", style())
    assert sizes == []


@pytest.mark.parametrize("selector", [".button", ".link", ".choice", ".close", "input:not("])
def test_what_is_pressed_is_large_enough_for_a_finger(selector: str) -> None:
    rules = re.findall(rf"^{re.escape(selector)}[^{{]*\{{([^}}]*)\}}", style(), flags=re.M)
    heights = [float(rem) for rule in rules for rem in re.findall(r"(?:min-)?height: ([\d.]+)rem", rule)]
    assert max(heights, default=0) * 16 >= 44


def test_every_class_of_a_template_has_its_look() -> None:
    styled = set(re.findall(r"\.([a-z][a-z-]*)", style()))
    used = set()
    for path in TEMPLATES:
        for names in re.findall(r'class="([^"]*)"', path.read_text()):
            used |= set(re.sub(r"{%.*?%}", " ", names).split())
    assert used - styled - WITHOUT_A_LOOK == set()


def test_no_style_stands_in_a_template() -> None:
    for path in TEMPLATES:
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=", path.read_text()), path.name


def test_the_button_that_pays_is_never_shown_through_an_effect() -> None:
    """A browser then says that it is not visible, and it would wait for ever."""
    rules = re.findall(r"([^{}]*\.(?:button|dock|step)\b[^{}]*)\{([^}]*)\}", style())
    assert len(rules) > 5
    for selector, rule in rules:
        assert not re.search(r"\b(?:opacity|filter|transform|mask|clip-path|animation)\b", rule), selector
