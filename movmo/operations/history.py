"""What configuration was before: each change of a row writes the row anew into a table of its own, with who and when.

The rows are django-simple-history's. Beside it: secrets are named where a table is declared and never copied; a change
by `update()`, which no signal tells of, is noted by its service (`changed`); and a row that has no past yet gets one
before its first change. `history_page` shows it all.
"""

# The library is untyped.
# mypy: allow-untyped-calls

from collections.abc import Callable, Sequence
from typing import Any

from django.db import models
from django.db.models.signals import pre_save
from simple_history.models import HistoricalRecords

from movmo.kit import clock

PARTNER = "the partner, over the API"
MOVMO = "Movmo"
FROM_BEFORE = "(as it was before its history began)"


class Told(models.Model):
    """Who made the change, where no person did who was signed in."""

    who = models.CharField(max_length=120, blank=True)

    class Meta:
        abstract = True


class History(HistoricalRecords):
    """`unless`: changes of such rows are not worth a line, but where a person who is signed in makes them."""

    def __init__(self, *, table: str, but: Sequence[str], beside: Sequence[type[models.Model]], unless: Any) -> None:
        super().__init__(
            table_name=table,
            excluded_fields=list(but),
            bases=[Told, *beside],
            history_id_field=models.BigAutoField(),
            history_user_id_field=models.UUIDField(null=True, db_index=True),
        )
        self._beside = [field.name for base in beside for field in base._meta.fields]
        self._unless = unless

    def finalize(self, sender: type[models.Model], **kwargs: Any) -> None:
        super().finalize(sender, **kwargs)
        if self.cls is sender:
            KEPT[sender] = self
            pre_save.connect(self.begin, sender=sender, weak=False)

    def begin(self, instance: models.Model, raw: bool = False, **_: Any) -> None:
        """The row as it stands, if nothing tells what it was: else its first change would have no `before`."""
        if instance._state.adding or raw or self._rows(instance).exists() or not self._is_worth_it(instance):
            return
        before = type(instance)._default_manager.filter(pk=instance.pk).first()
        if before is not None:
            made_by(before, FROM_BEFORE)
            before._history_user = None  # type: ignore[attr-defined]
            self._write(before, "+")

    def create_historical_record(self, instance: models.Model, history_type: str, using: Any = None) -> None:
        if self._is_worth_it(instance):
            self._write(instance, history_type)

    def _is_worth_it(self, instance: models.Model) -> bool:
        return not self._unless(instance) or self.get_history_user(instance) is not None

    def _write(self, instance: models.Model, history_type: str) -> None:
        user = self.get_history_user(instance)
        values = {field.attname: getattr(instance, field.attname) for field in self.fields_included(instance)}
        values |= {name: getattr(instance, name) for name in self._beside}
        self._rows(instance).model(
            **values,
            history_date=clock.now(),
            history_type=history_type,
            history_user_id=user.pk if user else None,
            who="" if user else getattr(instance, "changed_by", MOVMO),
        ).save()

    def _rows(self, instance: models.Model) -> Any:
        return getattr(instance, self.manager_name)


KEPT: dict[type[models.Model], History] = {}


def kept(
    *,
    table: str,
    but: Sequence[str] = (),
    beside: Sequence[type[models.Model]] = (),
    unless: Callable[[Any], bool] = lambda row: False,
) -> History:
    """The history of a model, as its attribute `history`. `but`: secrets, and what changes by itself all the time.
    `beside`: abstract models with more columns, whose values are attributes of the row."""
    return History(table=table, but=but, beside=beside, unless=unless)


def made_by(row: models.Model, who: str) -> None:
    """Say who makes the change that `save()` is about to write, where no person does who is signed in."""
    row.changed_by = who  # type: ignore[attr-defined]


def changed(row: models.Model, *, by: str = MOVMO) -> None:
    """Note a change that `update()` made. In its transaction; reads the row anew."""
    now = type(row)._default_manager.get(pk=row.pk)
    made_by(now, by)
    KEPT[type(row)].create_historical_record(now, "~")
