"""Ana of the demo, when somebody plays her."""

import anyio
import httpx2

from movmo.demo.traveler import Traveler

PAGE = "http://127.0.0.1:8000/approvals/01920000-0000-7000-8000-000000000001"
WHY = "Look at this request on Movmo, and decide there: Cancel London to New York"


def nobody_decides_for_her(request: httpx2.Request) -> httpx2.Response:
    raise AssertionError(f"{request.url} was opened for her")


def test_whoever_plays_ana_is_shown_each_page_once_and_decides_there() -> None:
    said: list[str] = []

    async def look_twice() -> list[bool]:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(nobody_decides_for_her)) as browser:
            ana = Traveler(browser, "ana@example.com", said.append, decides_herself=True)
            return [await ana.visits(PAGE, WHY), await ana.visits(PAGE, WHY)]

    assert anyio.run(look_twice) == [True, True]
    assert [" ".join(line.split()) for line in said] == [
        "Ana is asked Cancel London to New York",
        f"waiting for you: decide at {PAGE}",
        "sign in as ana@example.com; codes arrive at http://127.0.0.1:8000/mailbox",
    ]
