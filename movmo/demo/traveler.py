"""Ana before her agent: she answers it, and decides on Movmo's pages, signed in with a code from her mailbox."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urljoin

import anyio
import httpx2

from movmo.accounts.letter import mailbox

CODE = re.compile(r"^\d{6}$", re.MULTILINE)
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
LETTER_SECONDS = 10.0
MARGIN = " " * 30


class Traveler:
    """`browser` keeps her cookies and follows redirects. `decides_herself`: somebody plays her in a browser."""

    def __init__(
        self, browser: httpx2.AsyncClient, email: str, say: Callable[[str], None], *, decides_herself: bool = False
    ) -> None:
        self._browser = browser
        self._email = email
        self._say = say
        self._decides_herself = decides_herself
        self._shown: set[str] = set()

    async def agrees(self, what: str, facts: dict[str, Any]) -> bool:
        """She told her agent what she wants; on the page she looks at it again."""
        return True

    async def visits(self, address: str, why: str) -> bool:
        if address not in self._shown:
            self._shown.add(address)
            self._say(f"  Ana is asked                {why.partition(': ')[2] or why}")
            self._say(f"{MARGIN}{'waiting for you: decide at ' * self._decides_herself}{address}")
            if self._decides_herself:
                self._say(f"{MARGIN}sign in as {self._email}; codes arrive at {urljoin(address, '/mailbox')}")
        if not self._decides_herself:
            await self._approve(address)
        return True

    async def _approve(self, address: str) -> None:
        page = await self._browser.get(address)
        if page.url.path != httpx2.URL(address).path:
            page = await self._sign_in(page)
        await self._press(page, action="approve")
        self._say(f"{MARGIN}signed in with a code, she approves")

    async def _sign_in(self, page: httpx2.Response) -> httpx2.Response:
        """From the page that asks who she is to the one that she wanted."""
        known = {letter.id for letter in mailbox.latest()}
        asked = await self._press(page, email=self._email)
        with anyio.fail_after(LETTER_SECONDS):
            while not (code := self._newest_code(known)):
                await anyio.sleep(0.1)
        return await self._press(asked, code=code)

    def _newest_code(self, known: set[str]) -> str:
        fresh = (letter for letter in mailbox.latest() if letter.to == self._email and letter.id not in known)
        found = (CODE.search(letter.body) for letter in fresh)
        return next((match.group() for match in found if match), "")

    async def _press(self, page: httpx2.Response, **filled: str) -> httpx2.Response:
        token = TOKEN.search(page.text)
        fields = {"csrfmiddlewaretoken": unescape(token.group(1)) if token else "", **filled}
        answer = await self._browser.post(page.url, data=fields)
        answer.raise_for_status()
        return answer
