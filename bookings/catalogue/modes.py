"""Which providers a call reaches. The one place of this rule; everything that names or asks providers comes by here.

    a live key     every provider but the sandboxes
    a test key     the sandboxes and nothing else
    no key         an agent's call, with a traveler's token alone: as a live key, because nobody who lets an agent book
                   means a pretended flight; outside production the sandboxes too, as they may be all there is
    one's own pages   everything: whose trips they are, sees them all

What is kept follows its provider: the offers and bookings of the other side do not exist for a call. A provider that
is no longer installed counts as live, so that no test key reads what was bought there.
"""

from django.conf import settings
from django.db.models import Q

from bookings.providers import registry
from bookings.providers.port import Provider
from movmo.kit.errors import DomainError, Kind
from movmo.operations.context import Caller, Door


class ProviderNotForKey(DomainError):
    kind = Kind.FORBIDDEN
    code = "provider_not_for_key"
    message = "{provider} is not reached {called_with}."
    hint = (
        "Keys that begin with mvm_test_ reach sandbox providers only, keys that begin with mvm_live_ and agents all "
        "others. Send the key that fits the provider, or use one of the providers in `reached`."
    )
    example = {"provider": "sandbox", "called_with": "with a live key", "reached": ["duffel"]}


def provider(caller: Caller, name: str) -> Provider:
    """Raises ProviderUnknown or ProviderNotForKey."""
    found = registry.provider(name)
    check(caller, name)
    return found


def providers(caller: Caller) -> list[Provider]:
    """Every provider that the call reaches, by name."""
    return [one for one in registry.all_providers() if reaches(caller, one.capabilities.provider)]


def providers_to_ask(caller: Caller) -> list[Provider]:
    """The same, for a search. Raises ProviderNotForKey where there are providers and the call reaches none of them:
    nothing found would look as if nothing flew.
    """
    found = providers(caller)
    if not found:
        for one in registry.all_providers():
            check(caller, one.capabilities.provider)
    return found


def check(caller: Caller, name: str) -> None:
    """Raises ProviderNotForKey. A name that nobody has passes: it leads to nothing."""
    if registry.is_installed(name) and not reaches(caller, name):
        reached = [one.capabilities.provider for one in providers(caller)]
        raise ProviderNotForKey(provider=name, called_with=_CALLED_WITH[caller.is_live_key], reached=reached)


def reaches(caller: Caller, name: str) -> bool:
    if caller.door is Door.PAGES:
        return True
    if caller.is_live_key is None:
        return not is_sandbox(name) or settings.MOVMO_SANDBOX_FOR_AGENTS
    return is_sandbox(name) is not caller.is_live_key


def reached_by(caller: Caller) -> Q:
    """The rows, by their column `provider`, that exist for the call."""
    of_a_sandbox = Q(provider__in=sandboxes())
    if caller.door is Door.PAGES:
        return Q()
    if caller.is_live_key is None:
        return Q() if settings.MOVMO_SANDBOX_FOR_AGENTS else ~of_a_sandbox
    return ~of_a_sandbox if caller.is_live_key else of_a_sandbox


def is_sandbox(name: str) -> bool:
    """Whether nothing is really bought there."""
    return name in sandboxes()


def sandboxes() -> list[str]:
    return [one.capabilities.provider for one in registry.all_providers() if one.capabilities.sandbox]


_CALLED_WITH = {True: "with a live key", False: "with a test key", None: "by agents"}
