"""A passkey that its owner removes in another window, at the worst moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models.signals import pre_save


@contextmanager
def removed_once_judged() -> Iterator[None]:
    """Between the look at its answer and the note that it was used."""

    def remove(instance: Authenticator, **_: Any) -> None:
        Authenticator.objects.filter(pk=instance.pk).delete()

    pre_save.connect(remove, sender=Authenticator)
    try:
        yield
    finally:
        pre_save.disconnect(remove, sender=Authenticator)
