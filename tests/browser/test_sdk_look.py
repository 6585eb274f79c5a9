"""The button as it is seen, read and pressed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import Chromium
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.reading import violations
from tests.browser.sdk_shop import Customer, Shop, customer_of, open_shop
from tests.browser.tab import LOOKS

pytestmark = [pytest.mark.browser, LOOKED_AT_ONCE]
SHADOW = "document.querySelector('movmo-express-checkout').shadowRoot"
WORDS = {
    "en": "Book with Movmo",
    "de": "Mit Movmo buchen",
    "fr": "Réserver avec Movmo",
    "es": "Reservar con Movmo",
    "nl": "Boek met Movmo",
}
STYLE = f"""() => {{
  const button = {SHADOW}.querySelector('button')
  const style = getComputedStyle(button)
  return {{ color: style.color, ground: style.backgroundColor, border: style.borderTopColor,
    outline: style.outlineColor, shadow: style.boxShadow, height: button.getBoundingClientRect().height,
    page: getComputedStyle(document.body).backgroundColor }}
}}"""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as opened:
        yield opened


def contrast(one: str, other: str) -> float:
    """Of two colors as `rgb(…)`, by WCAG 2."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    channels = [int(part) / 255 for part in color[color.index("(") + 1 : color.index(")")].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    ("attribute", "page", "said"),
    [
        *((f'locale="{locale}"', 'lang="en"', words) for locale, words in WORDS.items()),
        ('locale="de-AT"', "", WORDS["de"]),
        ('locale="FR_ca"', "", WORDS["fr"]),
        ('locale="pt"', 'lang="nl"', WORDS["en"]),
        ('locale="esperanto"', "", WORDS["en"]),
        ('locale="constructor"', "", WORDS["en"]),
        ("", 'lang="nl-BE"', WORDS["nl"]),
        ("", "", WORDS["en"]),
    ],
)
def test_it_speaks_the_travelers_language(shop: Shop, browser: Chromium, attribute: str, page: str, said: str) -> None:
    shop.attributes, shop.html = attribute, page
    with customer_of(shop, browser) as ana:
        assert ana.tab.evaluate(f"() => {SHADOW}.querySelector('button').textContent") == said
        ana.tab.evaluate("() => button.setAttribute('locale', 'es')")
        assert ana.tab.evaluate(f"() => {SHADOW}.querySelector('button').textContent") == WORDS["es"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("theme", ["auto", "dark", "light", "outline"])
def test_it_can_be_read_and_its_focus_seen(shop: Shop, browser: Chromium, theme: str, scheme: Any) -> None:
    shop.attributes = f'theme="{theme}"'
    shop.html = 'lang="en" id="page"'
    with customer_of(shop, browser) as ana:
        ana.tab.do(lambda page: page.emulate_media(color_scheme=scheme))
        ground, ink = (
            ("rgb(255, 255, 255)", "rgb(0, 0, 0)") if scheme == "light" else ("rgb(16, 22, 28)", "rgb(255, 255, 255)")
        )
        ana.tab.evaluate(
            "([ground, ink, scheme]) => Object.assign(document.documentElement.style, { colorScheme: scheme }) &&"
            " Object.assign(document.body.style, { background: ground, color: ink })",
            [ground, ink, scheme],
        )
        ana.tab.press("Tab")
        style = ana.tab.evaluate(STYLE)
        behind = style["page"] if theme == "outline" else style["ground"]
        assert contrast(style["color"], behind) >= 4.5
        assert contrast(style["border"], style["page"]) >= 3 or contrast(style["ground"], style["page"]) >= 3
        rings = [style["outline"], style["shadow"].split(")")[0] + ")"]
        assert contrast(*rings) >= 3
        assert max(contrast(ring, style["page"]) for ring in rings) >= 3
        assert max(contrast(ring, behind) for ring in rings) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("theme", ["auto", "dark", "light", "outline"])
def test_its_mark_is_seen(shop: Shop, browser: Chromium, theme: str, scheme: Any) -> None:
    mark = f"() => getComputedStyle({SHADOW}.querySelector('button'), ':before').backgroundColor"
    shop.attributes = f'theme="{theme}"'
    with customer_of(shop, browser) as ana:
        ground = "rgb(255, 255, 255)" if scheme == "light" else "rgb(16, 22, 28)"
        ana.tab.evaluate("scheme => { document.documentElement.style.colorScheme = scheme }", scheme)
        behind = ground if theme == "outline" else ana.tab.evaluate(STYLE)["ground"]
        assert contrast(ana.tab.evaluate(mark), behind) >= 3


@pytest.mark.parametrize(("size", "height"), [("", 48), ("small", 44), ("medium", 48), ("large", 56)])
def test_it_is_large_enough_to_press(shop: Shop, browser: Chromium, size: str, height: int) -> None:
    shop.attributes = f'size="{size}"'
    with customer_of(shop, browser) as ana:
        assert ana.tab.evaluate(STYLE)["height"] == height
        ana.will_get(shop.session("silent"))
        ana.presses()
        box = ana.tab.evaluate(f"() => {SHADOW}.querySelector('.x').getBoundingClientRect().toJSON()")
        assert (box["width"], box["height"]) == (44, 44)


@pytest.mark.parametrize(
    ("page", "given"), [("", "light"), ("light", "light"), ("dark", "dark"), ("light dark", "auto")]
)
def test_the_checkout_is_as_dark_as_the_page(shop: Shop, browser: Chromium, page: str, given: str) -> None:
    with customer_of(shop, browser) as ana:
        ana.tab.evaluate("scheme => { document.documentElement.style.colorScheme = scheme }", page)
        ana.comes_in()
        assert ana.in_frame("() => init.theme") == given


def test_it_is_there_at_once_and_nothing_slides(shop: Shop, browser: Chromium) -> None:
    moving = f"""() => [...{SHADOW}.querySelectorAll('*')].filter(one => one.getAnimations().length ||
      getComputedStyle(one).transitionDuration !== '0s').map(one => one.localName)"""
    with customer_of(shop, browser) as ana:
        ana.tab.do(lambda page: page.emulate_media(reduced_motion="no-preference"))
        ana.comes_in()
        assert ana.tab.evaluate(moving) == []


def test_a_long_complaint_leaves_the_button_as_wide_as_it_was(shop: Shop, browser: Chromium) -> None:
    width = f"() => {SHADOW}.querySelector('button').getBoundingClientRect().width"
    with customer_of(shop, browser) as ana:
        before = ana.tab.evaluate(width)
        ana.presses()  # there is no session
        ana.sees("error")
        assert ana.tab.evaluate(f"() => {SHADOW}.querySelector('[role=status]').textContent") != ""
        assert ana.tab.evaluate(width) == before


def test_a_sheet_on_a_telephone(shop: Shop, browser: Chromium) -> None:
    with customer_of(shop, browser) as ana:
        ana.tab.do(lambda page: page.set_viewport_size({"width": 390, "height": 844}))
        ana.comes_in()
        ana.told("resize", height=5_000)
        ana.sees_frame(5_000)
        box = ana.tab.evaluate(f"() => {SHADOW}.querySelector('dialog').getBoundingClientRect().toJSON()")
        assert (box["left"], box["width"], box["bottom"]) == (0, 390, 844)
        assert box["height"] == pytest.approx(844 * 0.92, abs=0.5)
        ana.told("resize", height=300)  # what stays as high as it is moves nothing in it
        ana.sees_frame(300)
        assert (
            ana.tab.evaluate(f"() => {SHADOW}.querySelector('dialog').getBoundingClientRect().height") == box["height"]
        )


def test_axe_finds_nothing(shop: Shop, browser: Chromium, request: pytest.FixtureRequest) -> None:
    folder = request.config.getoption("--screenshots", default=None)
    shop.before = "<meta name=color-scheme content='light dark'><main><p>KLM 1962, 412.30 EUR</p></main>"
    with customer_of(shop, browser) as ana:
        ana.will_get(shop.session("silent"))
        ana.at_second(0)
        assert complaints(ana, "button", folder) == []
        ana.presses()
        assert complaints(ana, "wait", folder) == []
        ana.at_second(8.5)
        ana.sees("error")
        assert complaints(ana, "failed", folder) == []


def complaints(ana: Customer, state: str, folder: str | None) -> list[str]:
    """Of the button and its dialog: the page around them is the partner's."""
    found: list[str] = []
    for look in LOOKS:
        ana.tab.looked_at(look)
        if folder is not None:
            ana.tab.pictured(Path(folder) / f"sdk-{state}-{look.name}.png")
        found += [said for said in violations(ana.tab, look) if not said.startswith(("region", "page-has", "landmark"))]
    return found
