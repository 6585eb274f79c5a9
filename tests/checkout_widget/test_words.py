"""What the checkout says in its five languages."""

import importlib.util
import re
import shutil
from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from checkout_widget import words, written
from checkout_widget.privacy import LEFT
from checkout_widget.session.confirming import TOO_LATE
from checkout_widget.session.refusals import CheckoutNotOpen, QuoteChanged
from checkout_widget.session.schemas import LOCALES
from checkout_widget.session.settling import CARD_GONE
from checkout_widget.session.states import CheckoutState
from movmo.kit.errors import DomainError, InvalidArguments, NotFound, all_errors, by_code, revive
from movmo.kit.money import Money
from movmo.operations import registry

ROOT = Path(__file__).resolve().parent.parent.parent
SAID_ALWAYS = {"validation_failed", "rate_limited", "contended", "idempotency_in_progress", "internal_error"}
"""By the pipeline itself, of whatever operation."""


OF_PARTNERS = {"create_offer", "create_checkout_session", "get_checkout_session", "cancel_checkout_session"}
NOT_MET = {"cursor_invalid"}
"""The frame sends no cursor that it was not given."""


def operations_asked() -> set[str]:
    """What the checkout's code names of what is declared outside of it."""
    named: set[str] = set()
    for path in (ROOT / "checkout_widget").rglob("*.py"):
        named |= set(re.findall(r'"([a-z_]+)"', path.read_text()))
    return {name for name in named if registry.get(name)} - OF_PARTNERS


ENDS_OF_ATTEMPTS = {CARD_GONE, TOO_LATE, LEFT}
"""That no refusal tells."""


def at(text: str) -> datetime:
    """At some airport: without a zone."""
    return datetime.fromisoformat(text)


def codes_to_be_met() -> set[str]:
    asked = [registry.get(name) for name in operations_asked()]
    declared = {error.code for one in asked if one is not None for error in one.errors}
    own = {one.code for one in all_errors().values() if one.__module__.startswith("checkout_widget.")}
    return (declared | own | SAID_ALWAYS) - NOT_MET


def facts_of(error: type[DomainError]) -> dict[str, Any]:
    return error.example or {name: "2027-03-01" for name in re.findall(r"{(\w+)", error.message)}


def test_the_frame_asks_more_than_a_few_operations() -> None:
    assert {"create_booking", "refresh_offer", "update_passenger", "create_payment_method"} <= operations_asked()


def test_every_refusal_that_the_frame_can_meet_has_words() -> None:
    known = {*words.OF_CODE, "checkout_not_open"}
    assert (codes_to_be_met() | ENDS_OF_ATTEMPTS) - known == set()


def test_words_are_for_codes_that_exist() -> None:
    states_of_bookings = {"failed", "lapsed", "cancelled"}
    assert set(words.OF_CODE) - set(all_errors()) - states_of_bookings - ENDS_OF_ATTEMPTS == set()


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("code", sorted(words.OF_CODE.keys() & all_errors().keys()))
def test_a_refusal_says_no_name_of_ours_and_leaves_no_gap(code: str, locale: str) -> None:
    refusal = revive(code, facts_of(by_code(code)))
    with translation.override(locale):
        said = words.of(refusal)
        assert said == f"{words.happened(refusal)} {words.afterwards(refusal)}".strip()
    assert "%(" not in said and "_" not in said
    assert said.endswith(".")


@pytest.mark.parametrize("state", [state for state in CheckoutState if state not in ("open", "authenticated", "ready")])
def test_a_checkout_that_takes_no_more_answers_says_why(state: str) -> None:
    assert words.of(CheckoutNotOpen(status=state)).startswith(words.OF_STATE[state].happened)


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", "The last seats at this price have just been sold. Nothing was booked and no money moved."),
        (
            "de",
            "Die letzten Plätze zu diesem Preis wurden gerade verkauft. Es wurde nichts gebucht und kein Geld bewegt.",
        ),
        ("fr", "Les dernières places à ce prix viennent d’être vendues. Rien n’a été réservé et rien n’a été débité."),
        ("es", "Las últimas plazas a este precio acaban de venderse. No se ha reservado nada ni se ha cobrado nada."),
        (
            "nl",
            "De laatste plaatsen voor deze prijs zijn zojuist verkocht. Er is niets geboekt en er is niets",
        ),
    ],
)
def test_a_refusal_says_what_happened_and_whether_money_moved(locale: str, said: str) -> None:
    with translation.override(locale):
        assert words.of_code("sold_out").startswith(said)


def test_a_changed_price_is_told_with_both_amounts_as_the_language_writes_them() -> None:
    refusal = QuoteChanged(**(QuoteChanged.example or {}))
    with translation.override("de"):
        assert words.happened(refusal) == "Der Preis hat sich von 412,30\xa0€ auf 431,80\xa0€ geändert."


def test_a_price_that_was_seen_in_another_place_is_not_told_as_changed_from_itself() -> None:
    same = {"amount": "412.30", "currency": "EUR"}
    assert words.happened(QuoteChanged(old=same, new=same)) == "The price has changed."


def test_a_code_that_nobody_knows_is_told_in_the_house_s_words_or_not_at_all() -> None:
    refusal = by_code("cursor_invalid")()
    assert words.of(refusal) == f"{refusal.text} {refusal.hint}"
    assert words.of_code("nobody_knows_this") == ""


@pytest.mark.parametrize("locale", LOCALES)
def test_where_nothing_can_be_mended_any_more_the_shop_is_next(locale: str) -> None:
    with translation.override(locale):
        said = words.of_ending("card_expired")
        assert said == " ".join(gettext(one) for one in ("This card has expired.", words.NO_MONEY, words.CHOOSE_FLIGHT))
    assert words.of_ending("nobody_knows_this") == ""


def test_facts_that_are_missing_do_not_fail_a_refusal() -> None:
    assert words.of_code("document_expired").startswith("The document is not valid until the end of the trip. Use one")


def test_fields_are_told_by_what_belongs_into_them() -> None:
    refusal = InvalidArguments({"/passengers/0/birth_date": "Input should be a valid date", "/shoe_size": "Too large"})
    with translation.override("nl"):
        assert words.of_fields(refusal) == {
            "birth_date": "Voer de geboortedatum in zoals in het reisdocument.",
            "shoe_size": "Too large",
        }
    name = by_code("name_invalid")(field="family_name")
    assert words.of_fields(name) == {"family_name": "This name cannot be written on a ticket."}


@pytest.mark.parametrize(
    ("locale", "euros", "yen", "dinars", "francs"),
    [
        ("en", "€1,412.30", "JP¥41,230", "KWD 12.305", "CHF 99.00"),
        ("de", "1.412,30 €", "41.230 ¥", "12,305 KWD", "99,00 CHF"),
        ("fr", "1\u202f412,30 €", "41\u202f230 JPY", "12,305 KWD", "99,00 CHF"),
        ("es", "1.412,30 €", "41.230 JPY", "12,305 KWD", "99,00 CHF"),
        ("nl", "€ 1.412,30", "JP¥ 41.230", "KWD 12,305", "CHF 99,00"),
    ],
)
def test_amounts_are_written_as_each_language_does(locale: str, euros: str, yen: str, dinars: str, francs: str) -> None:
    amounts = [Money(141230, "EUR"), Money(41230, "JPY"), Money(12305, "KWD"), Money(9900, "CHF")]
    with translation.override(locale):
        told = [written.money(amount).replace("\xa0", " ") for amount in amounts]
    assert told == [euros, yen, dinars, francs]


@pytest.mark.parametrize("locale", LOCALES)
def test_an_amount_keeps_the_decimals_that_it_has(locale: str) -> None:
    with translation.override(locale):
        assert "12" in written.money({"amount": "12.305", "currency": "IQD"})
        assert "305" in written.money({"amount": "12.305", "currency": "IQD"})


@pytest.mark.parametrize(
    ("locale", "day", "plain", "hours", "kind"),
    [
        ("en", "Tue, 12 Jan 2027", "12 Jan 2027", "3 h 5 min", "Adult"),
        ("de", "Di., 12. Jan. 2027", "12. Jan. 2027", "3 Std. 5 Min.", "Erwachsene(r)"),
        ("fr", "mar. 12 janv. 2027", "12 janv. 2027", "3 h 5 min", "Adulte"),
        ("es", "mar, 12 ene 2027", "12 ene 2027", "3 h 5 min", "Adulto"),
        ("nl", "di 12 jan 2027", "12 jan 2027", "3 u 5 min", "Volwassene"),
    ],
)
def test_days_and_durations_are_written_as_each_language_does(
    locale: str, day: str, plain: str, hours: str, kind: str
) -> None:
    leaves = {"local": at("2027-01-12T07:05"), "zone": "Europe/Berlin"}
    with translation.override(locale):
        told = [
            written.day(leaves),
            written.plain_day(date(2027, 1, 12)),
            written.duration(185),
            written.traveler("ADT"),
        ]
        assert written.clock_time(leaves) == "07:05"
    assert [one.replace("\xa0", " ") for one in told] == [day, plain, hours, kind]


@pytest.mark.parametrize(
    ("minutes", "told"), [(0, "0 min"), (45, "45 min"), (60, "1 h"), (185, "3 h 5 min"), (1500, "25 h"), (None, "")]
)
def test_a_duration_has_hours_and_minutes_where_it_has_any(minutes: int | None, told: str) -> None:
    assert written.duration(minutes).replace("\xa0", " ") == told


@pytest.mark.parametrize(
    ("arrives", "offset", "aloud"),
    [
        (at("2027-01-12T23:59"), "", ""),
        (at("2027-01-13T00:15"), "+1", "1 day later"),
        (at("2027-01-14T06:00"), "+2", "2 days later"),
        (at("2027-01-11T22:00"), "−1", "1 day earlier"),
    ],
)
def test_the_day_of_arrival_is_counted_by_the_airports_calendars(arrives: datetime, offset: str, aloud: str) -> None:
    leaves = at("2027-01-12T07:05")
    assert written.day_offset(arrives, leaves) == offset
    assert written.days_later(arrives, leaves) == aloud


def test_an_airline_goes_by_its_name_and_an_unknown_one_by_its_code() -> None:
    assert [written.airline(code) for code in ("KL", "XX", "Q7", None)] == ["KLM", "Movmo Sandbox Air", "Q7", ""]


@pytest.mark.parametrize(
    ("city", "zone", "german"),
    [
        ("Lisbon", "Europe/Lisbon", "Lissabon"),
        ("Mexico City", "America/Mexico_City", "Mexiko-Stadt"),
        ("Reykjavik", "Atlantic/Reykjavik", "Reykjavík"),
        ("London", "Europe/London", "London"),
        ("Geneva", "Europe/Zurich", "Geneva"),  # never the city that its time zone is called after
        ("Munich", "Europe/Berlin", "Munich"),
        ("", "Europe/Lisbon", "Field"),
    ],
)
def test_a_city_goes_by_its_name_in_the_language_where_that_is_known(city: str, zone: str, german: str) -> None:
    place, moment = {"city_name": city, "name": "Field"}, {"zone": zone}
    with translation.override("de"):
        assert written.city(place, moment) == german
    with translation.override("en"):
        assert written.city(place, moment) == (city or "Field")


def test_what_tells_cities_of_one_name_apart_is_left_out() -> None:
    with translation.override("fr"):
        assert written.city({"city_name": "Tripoli", "name": ""}, {"zone": "Africa/Tripoli"}) == "Tripoli"


def test_a_card_is_known_by_its_brand_and_last_digits() -> None:
    method = {"brand": "american_express", "last4": "0005", "exp_month": 5, "exp_year": 2031}
    assert written.card(method).replace("\xa0", " ") == "American Express •••• 0005"
    assert written.expiry(method) == "05/31"


def test_templates_have_it_all_and_escape_what_they_are_given() -> None:
    page = Template("{% load checkout %}{{ total|money }} {{ carrier|airline }} {{ refusal|explained }}")
    carrier = "<img onerror>"
    told = page.render(Context({"total": Money(100, "EUR"), "carrier": carrier, "refusal": NotFound()}))
    assert told.startswith("€1.00 &lt;img onerror&gt; What you asked for is not here any more. ")


@pytest.mark.django_db
def test_the_rest_of_the_house_speaks_english_to_everybody() -> None:
    for path in ("/", "/admin/login/", "/accounts/login/"):
        page = Client(headers={"Accept-Language": "de"}).get(path, follow=True)
        assert 'lang="en' in page.content.decode(), path
        assert not re.search(r"Anmelden|Passwort|Weiter", page.content.decode()), path


@pytest.fixture
def the_check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_words", ROOT / ".ci" / "check_words.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_check_finds_what_is_not_translated_or_not_compiled(the_check: ModuleType, tmp_path: Path) -> None:
    copy = shutil.copytree(the_check.LOCALES, tmp_path / "locale")
    said = the_check.Catalog()
    for message in the_check.read("de"):
        if message.id:
            said.add(message.id, context=message.context)
    assert list(the_check.problems_of("de", said, copy)) == []
    said.add("A phrase that is new")
    po = the_check.po_of("de", copy)
    po.write_text(po.read_text().replace('msgstr "Gesamt"', 'msgstr ""'))
    problems = "\n".join(the_check.problems_of("de", said, copy))
    assert "lacks (None, 'A phrase that is new')" in problems
    assert "does not translate (None, 'Total')" in problems
    assert "django.mo is not what Babel compiles" in problems
