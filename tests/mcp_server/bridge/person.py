"""ana's browser, as the command that BROWSER names: it opens the address it is given, and she answers what she reads.

What she does stands in PERSON_DOES; every address that she was shown is noted in PERSON_DIARY.
"""

import os
import re
import sys
from html import unescape
from pathlib import Path

import httpx2

PRINTED = "what a browser prints must not get between the messages"


def main(address: str) -> None:
    diary = Path(os.environ["PERSON_DIARY"])
    with diary.open("a") as notes:
        notes.write(f"{address}\n")
    if os.environ["PERSON_DOES"] == "nothing":
        return
    print(PRINTED)  # noqa: T201
    with httpx2.Client(trust_env=False, timeout=30) as web:
        web.get(answered(web, httpx2.URL(address)))


def answered(web: httpx2.Client, question: httpx2.URL) -> str:
    """Reads the consent page, ticks everything, approves or declines; where that leads."""
    site = httpx2.URL(os.environ["PERSON_ORIGIN"])
    web.cookies.set("sessionid", os.environ["PERSON_SESSION"])
    reached = question.copy_with(port=site.port)
    named = {"Host": question.netloc.decode()}
    form = web.get(reached, headers=named).text.partition("</form>")[0]
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="(?:hidden|checkbox)" name="([^"]+)"(?: value="([^"]*)")?', form):
        fields.setdefault(unescape(name), []).append(unescape(value))
    if os.environ["PERSON_DOES"] == "approve":
        fields["allow"] = ["true"]
    sent = web.post(reached, data=fields, headers=named)
    return str(sent.headers["location"])


if __name__ == "__main__":
    main(sys.argv[1])
