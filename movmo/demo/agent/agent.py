"""From a wish to an answer.

To call a tool, the agent looks at what it requires and does not know yet, calls who gives that, and does what stands
between the two. A refusal it takes at its word: it repeats, waits, asks anew, goes back a step, or stops.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from movmo.demo.agent.catalogue import Catalogue, Use
from movmo.demo.agent.line import MOMENT, Line
from movmo.demo.agent.memory import UNKNOWN, Memory, Row, shaped
from movmo.demo.agent.person import Person
from movmo.demo.agent.words import Advice, Step

ROUNDS = 4
"""So often one call is mended before the agent tells its person that it does not get on."""
PATIENCE = 60
"""So often it is repeated as it is."""


class Stopped(Exception):
    """The agent does not go on; the message is what it tells its person. `refusal` is what it was told itself."""

    def __init__(self, message: str, refusal: Row | None = None) -> None:
        super().__init__(message)
        self.refusal = refusal or {}


class Agent:
    def __init__(self, line: Line, catalogue: Catalogue, person: Person, wish: Mapping[str, Any]) -> None:
        self.line = line
        self.catalogue = catalogue
        self.memory = Memory(dict(wish))
        self._person = person
        self._sought: list[str] = []
        self._visited: set[str] = set()

    @classmethod
    async def arrive(cls, line: Line, person: Person, wish: Mapping[str, Any]) -> "Agent":
        async with line.dial() as client:
            return cls(line, Catalogue.of((await client.list_tools()).tools), person, wish)

    async def fulfil(self, title: str) -> Row:
        """The answer of the tool whose title begins with these words. Raises Stopped or AnswersLost."""
        return await self.do(self.catalogue.titled(title))

    async def do(self, use: Use, given: Row | None = None) -> Row:
        """One intention. What is found wrong on the way is mended as the refusals say."""
        for _ in range(ROUNDS):
            answer, refused = await self._call(use, await self._arguments(use, given or {}))
            if not refused:
                self.memory.learn(use, answer)
                return answer
            advice = self._advice(answer)
            if advice.stops or not (advice.steps or advice.takes_new_key):
                break
            await self._mend(use, advice)
        raise Stopped(f"{answer['message']} {answer['hint']}", answer)

    async def _call(self, use: Use, arguments: Row) -> tuple[Row, bool]:
        """The same call, for as long as repeating it can help."""
        for _ in range(PATIENCE):
            answer, refused = await self.line.call(use.name, arguments)
            if not refused:
                break
            advice = self._advice(answer)
            if advice.stops or not (advice.repeats or answer.get("retryable")):
                break
            await self._wait(answer, advice)
        return answer, refused

    # What a call needs

    async def _arguments(self, use: Use, given: Row) -> Row:
        """All that is required and all that was wished, under a new key. Raises Stopped."""
        found = dict(given)
        # Those that say where they come from are first: the others come along with them.
        for name in sorted(use.needs, key=lambda one: not self.catalogue.named_for(use, one)):
            if name not in found:
                found[name] = await self._value(use, name)
        for name, schema in use.fields.items():
            if name not in found and (value := shaped(schema, name, self.memory.wish)) is not UNKNOWN:
                found[name] = value
        if use.is_final and not await self._person.agrees(use.title, {**self.memory.told, **found}):
            raise Stopped(f"You did not want it: {use.title}.")
        return found | {name: str(uuid4()) for name in use.keys}

    async def _value(self, use: Use, name: str) -> Any:
        if (value := self.memory.value_for(use, name)) is UNKNOWN:
            await self._find(use, name)
            value = self.memory.value_for(use, name)
        return value

    async def _find(self, use: Use, name: str) -> None:
        """Ask those who give it. Raises Stopped."""
        with self._seeking(name):
            for source in self._sources(use, name):
                if self._can_ask(source) and self.memory.take(await self.do(source), name):
                    await self._go_on(source, towards=use)
                    return
        raise Stopped(f"I do not find what fits your wish: {use.title} needs {name}.")

    def _sources(self, use: Use, name: str) -> list[Use]:
        return self.catalogue.sources_of(use, name, self.memory.wish)

    def _can_ask(self, source: Use) -> bool:
        """Whether everything is known that it needs, or can be asked for without going round in circles."""
        lacking = [one for one in source.needs if self.memory.value_for(source, one) is UNKNOWN]
        return not any(one in self._sought or not self._gives(source, one) for one in lacking)

    def _gives(self, use: Use, name: str) -> bool:
        with self._seeking(name):
            return any(self._can_ask(source) for source in self._sources(use, name))

    @contextmanager
    def _seeking(self, name: str) -> Iterator[None]:
        self._sought.append(name)
        try:
            yield
        finally:
            self._sought.pop()

    # What stands between one call and another

    async def _go_on(self, here: Use, *, towards: Use) -> None:
        """As each tool says what is next, until that is where the agent wants to be."""
        been = {here.name}
        while True:
            ahead = self.catalogue.next_of(here)
            named = [step.tool for step in ahead]
            is_near = towards.name in named
            for step in ahead[: named.index(towards.name)] if is_near else ahead[:1]:
                if step.tool in been or self.catalogue.uses[step.tool].is_final:
                    return
                await self._take(step)
                been.add(step.tool)
                here = self.catalogue.uses[step.tool]
            if is_near or not ahead:
                return

    async def _take(self, step: Step) -> None:
        use = self.catalogue.uses[step.tool]
        if not step.for_each:
            await self.do(use)
            return
        for row in list(self.memory.open_rows(use)):
            await self.do(use, row)

    # What a refusal says

    def _advice(self, refusal: Row) -> Advice:
        told = {**refusal, **refusal.get("details", {})}
        return self.catalogue.advice(refusal["hint"], told)

    async def _wait(self, refusal: Row, advice: Advice) -> None:
        """Until the same call may help: the person has seen what they were to see, and the time has passed."""
        told = refusal.get("details", {})
        for name in advice.shown:
            if str(told.get(name)) not in self._visited and str(told.get(name)).startswith("http"):
                self._visited.add(told[name])
                await self._person.visits(told[name], refusal["message"])
                return
        await self.line.pause(refusal.get("retry_after", MOMENT))

    async def _mend(self, use: Use, advice: Advice) -> None:
        """What the hint names is done. Where that gives something that was sent, another is chosen next time."""
        for step in advice.steps:
            named = self.catalogue.uses[step.tool]
            led_astray = [name for name in use.needs if named in self.catalogue.named_for(use, name)]
            for name in led_astray:
                self.memory.spoil(name)
            if not led_astray and not named.is_final:
                await self._take(step)
