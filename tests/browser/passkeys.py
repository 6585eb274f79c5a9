"""A security key built into the machine, for pages that ask for a passkey."""

from playwright.sync_api import CDPSession, Page

from tests.browser.tab import Tab

# Where passkeys work: the name of a relying party is a domain, never an address.
LOCALHOST = "http://localhost:8000"
BUILT_IN = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Key:
    """In a tab as long as that is open."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        tab.do(self._plug_in)

    def _plug_in(self, page: Page) -> None:
        self._devtools, self._id = _plugged_into(page)

    def is_in_the_window(self) -> None:
        """That the tab has opened: it is on the same machine, which a browser of tests does not know."""

        def plug_in(page: Page) -> None:
            (window,) = (other for other in page.context.pages if other is not page)
            devtools, id_ = _plugged_into(window)
            for known in self._devtools.send("WebAuthn.getCredentials", {"authenticatorId": self._id})["credentials"]:
                devtools.send("WebAuthn.addCredential", {"authenticatorId": id_, "credential": known})

        self._tab.do(plug_in)


def _plugged_into(page: Page) -> tuple[CDPSession, str]:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    return devtools, devtools.send("WebAuthn.addVirtualAuthenticator", {"options": BUILT_IN})["authenticatorId"]


def carry_key(tab: Tab) -> Key:
    """From now on the tab's machine has a key and its owner's finger on it, as long as the tab is open."""
    return Key(tab)
