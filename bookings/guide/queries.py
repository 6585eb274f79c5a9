"""Guides: plain texts for models and people, written down or told from what the house declares."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bookings.catalogue import modes
from bookings.guide.schemas import GuideList, GuideSummary, GuideView
from bookings.providers.port import Provider
from movmo.kit.errors import NotFound, all_errors
from movmo.operations.context import Caller

TEXTS = Path(__file__).with_name("texts")
OF_PROVIDER = "provider-"
OF_THE_HOUSE = ("movmo", "bookings", "partners", "mcp_server", "checkout_widget")
OF_BACK_ENDS = ("bookings.export.", "bookings.reconciliation.", "partners.batch.", "partners.webhook.")
"""Rooms whose errors no tool meets: a guide of their own keeps the other short for those who pay for reading."""


@dataclass(frozen=True, slots=True)
class Guide:
    slug: str
    title: str
    about: str
    tell: Callable[[], str]

    def summary(self) -> GuideSummary:
        return GuideSummary(slug=self.slug, title=self.title, about=self.about)


def page(caller: Caller) -> GuideList:
    return GuideList(data=[guide.summary() for guide in _all(caller)])


def read(caller: Caller, slug: str) -> GuideView:
    """Raises NotFound, also for the notes of a provider that the call does not reach."""
    guide = next((one for one in _all(caller) if one.slug == slug), None)
    if guide is None:
        raise NotFound("guide")
    return GuideView(**guide.summary().model_dump(), text=guide.tell())


def _all(caller: Caller) -> list[Guide]:
    return [*_written(), *ERRORS, *(_notes(provider) for provider in modes.providers(caller))]


@cache
def _written() -> tuple[Guide, ...]:
    """The files of `texts`: a title, a line that says when to read it, and the text."""
    return tuple(_from_file(file) for file in sorted(TEXTS.glob("*.md")))


def _from_file(file: Path) -> Guide:
    title, about, text = file.read_text().split("\n", 2)
    return Guide(file.stem, title.removeprefix("# "), about, lambda: text.strip())


def _error_reference(*, of_back_ends: bool) -> str:
    """Every refusal that a call can meet, from the classes that are raised."""
    entries = []
    for code, error in all_errors().items():
        if error.__module__.partition(".")[0] not in OF_THE_HOUSE:
            continue
        if error.__module__.startswith(OF_BACK_ENDS) is not of_back_ends:
            continue
        again = "Repeating the same call can help." if error.retryable else "Repeating the same call changes nothing."
        entries.append(f"{code} ({error.kind})\n  {error.message}\n  Next: {error.hint}\n  {again}")
    return "In {braces} stand the facts, which come as `details`.\n\n" + "\n\n".join(entries)


ERRORS = (
    Guide(
        "errors",
        "Every error code, and what to do about it",
        "When a call was refused and its own hint is not enough.",
        lambda: _error_reference(of_back_ends=False),
    ),
    Guide(
        "errors-of-back-ends",
        "The error codes of batches, exports, statements and webhooks",
        "When a back end's call about one of these was refused and its own hint is not enough. No tool meets them.",
        lambda: _error_reference(of_back_ends=True),
    ),
)


def _notes(provider: Provider) -> Guide:
    can = provider.capabilities
    does = {
        "can be searched": can.search,
        "can be booked here": can.bookable,
        "holds a booking unpaid for a while": can.holds,
        "tells a price again (refresh_offer)": can.pricing_step,
        "shows its seats (get_seat_map)": can.seat_map,
        "quotes and makes cancellations": can.cancellation,
        "tells of changes of schedule": can.schedule_changes,
    }
    lines = [f"- {'yes' if done else 'no'}: {what}" for what, done in does.items()]
    party = f"At most {can.max_passengers} passengers and {can.max_connections} connections in each direction."
    text = "\n".join([f"{can.name}, {can.type}.", *lines, party, f"Genders: {', '.join(can.genders)}.", "", can.notes])
    about = f"Before you search or book at {can.provider}."
    return Guide(f"{OF_PROVIDER}{can.provider}", f"Notes on {can.name}", about, lambda: text)
