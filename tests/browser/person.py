"""What a person does, in the browser and beside it."""

import re

from django.core import mail

from tests.browser.tab import Tab


def code_from_letter() -> str:
    """The code of the newest letter that holds one: notices arrive in between."""
    letters = "\n".join(str(letter.body) for letter in mail.outbox)
    found: list[str] = re.findall(r"^\d{6}$", letters, re.MULTILINE)
    return found[-1]


def sign_in(tab: Tab, email: str = "ana@example.com") -> None:
    """From the sign-in page, to which any page of an account leads."""
    tab.fill("E-mail address", email)
    tab.click("button", "Send me a code")
    tab.fill("Code", code_from_letter())
    tab.click("button", "Continue")
