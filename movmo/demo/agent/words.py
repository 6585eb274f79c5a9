"""What a sentence tells a reader who knows the names of the tools, and no more of the house than that."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

QUOTED = re.compile(r"`(\w+)`")
NEXT = re.compile(r"\bNext(?:,[^:]*)?:(.*)", re.DOTALL)
FOR_EACH = re.compile(r"\bfor each\b")
SENT_AS = re.compile(r"`?(\w+)`? as `?(\w+)`?")
OPEN = re.compile(r"While the answer's status is (other than )?((?:`\w+`(?:, | or )?)+)")
FRESH_KEY = re.compile(r"\bnew (?:idempotency[_ ])?key\b")
SAME_CALL = re.compile(r"\b(?:[Rr]epeat|[Ss]end) th(?:is|e same|is very) (?:very )?call\b")
STOP = re.compile(r"^(?:Do not|Ask nothing)\b")


@dataclass(frozen=True, slots=True)
class Step:
    """A call that a text names, and whether it is made once for each of several things."""

    tool: str
    for_each: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """What a refusal says is to be done. `shown` are fields of it that the person has to see."""

    steps: list[Step]
    shown: list[str]
    stops: bool
    repeats: bool
    takes_new_key: bool


def named(text: str, names: Collection[str]) -> list[str]:
    """Those of the names that stand in the text, in its order, each once."""
    return [word for word in dict.fromkeys(re.findall(r"\w+", text)) if word in names]


def steps(text: str, names: Collection[str]) -> list[Step]:
    """What is said between one tool's name and the next is said of the first."""
    found: list[Step] = []
    spoken = [match for match in re.finditer(r"\w+", text) if match.group() in names]
    for place, match in enumerate(spoken):
        until = spoken[place + 1].start() if place + 1 < len(spoken) else len(text)
        found.append(Step(match.group(), for_each=bool(FOR_EACH.search(text[match.end() : until]))))
    return found


def what_is_next(description: str, names: Collection[str]) -> list[Step]:
    match = NEXT.search(description)
    return steps(match.group(1), names) if match else []


def sent_as(description: str) -> dict[str, str]:
    """Of "this as that": the field to send, and the field of the answer that it has the value of."""
    return {sent: told for told, sent in SENT_AS.findall(description)}


def quoted(text: str) -> list[str]:
    return QUOTED.findall(text)


def is_open(description: str, status: str) -> bool:
    """Whether an answer with this status is not the last word, by what the tool says of itself."""
    match = OPEN.search(description)
    if match is None:
        return False
    is_listed = status in quoted(match.group(2))
    return not is_listed if match.group(1) else is_listed


def advice(hint: str, names: Collection[str], told: Iterable[str]) -> Advice:
    """`told` are the fields that came with the refusal."""
    here = set(told)
    return Advice(
        steps=steps(hint, names),
        shown=[field for field in quoted(hint) if field in here],
        stops=bool(STOP.search(hint)),
        repeats=bool(SAME_CALL.search(hint)),
        takes_new_key=bool(FRESH_KEY.search(hint)),
    )
