"""Which vaults exist, by name. New cards go to the one installed first; older ones stay where they are."""

from bookings.payment_method.vaults.port import Vault
from bookings.payment_method.vaults.spreedly import SpreedlyVault
from movmo.kit import http

_vaults: dict[str, Vault] = {}


class NoSuchVault(LookupError):
    """A card's vault is not configured any more."""


def install(vault: Vault) -> None:
    """Called at start-up; a later vault of the same name replaces the earlier."""
    _vaults[vault.name] = vault


def install_spreedly(*, name: str, url: str, environment_key: str, access_secret: str, receiver: str) -> None:
    """`url` is Spreedly's, or the sandbox vault's."""
    install(
        SpreedlyVault(
            name=name,
            public_url=url,
            environment_key=environment_key,
            receiver=receiver,
            client=lambda: http.blocking_client(base_url=url, auth=(environment_key, access_secret)),
        )
    )


def vault(name: str) -> Vault:
    """Raises NoSuchVault."""
    try:
        return _vaults[name]
    except KeyError:
        raise NoSuchVault(name) from None


def current() -> Vault | None:
    """Where new cards go, if anywhere."""
    return next(iter(_vaults.values()), None)
