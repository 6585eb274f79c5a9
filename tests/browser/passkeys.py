"""A security key built into the machine, for pages that ask for a passkey."""

from playwright.sync_api import Page

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


def carry_key(tab: Tab) -> None:
    """From now on the tab's machine has a key and its owner's finger on it, as long as the tab is open."""

    def plug_in(page: Page) -> None:
        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": BUILT_IN})

    tab.do(plug_in)
