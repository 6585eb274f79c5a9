"""Saving how somebody else's CSV names our columns, for staff and partners alike. What is saved is not changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from bookings.reconciliation.layout import COLUMNS, ISO, KINDS, NEEDED
from bookings.reconciliation.models import ColumnMapping
from movmo.kit.errors import DomainError, InvalidArguments, Kind
from movmo.kit.ids import new_id
from partners.partner.models import Partner

MOST_MAPPINGS = 50


class MappingTaken(DomainError):
    kind = Kind.CONFLICT
    code = "mapping_taken"
    message = "{provider} has a mapping of this name already."
    hint = "Choose another name: mappings are not changed, because statements were read with them."
    example = {"provider": "sandbox"}


class MappingsFull(DomainError):
    kind = Kind.CONFLICT
    code = "mappings_full"
    message = "You have {limit} column mappings for {provider} already."
    hint = "Use one of those that list_column_mappings tells. None can be deleted: statements were read with them."
    example = {"limit": MOST_MAPPINGS, "provider": "sandbox"}


@dataclass(frozen=True, slots=True)
class Names:
    """`columns` are theirs by ours, `kinds` ours by theirs; `date_format` is strftime's, `delimiter` one character."""

    columns: dict[str, str]
    kinds: dict[str, str] = field(default_factory=dict)
    delimiter: str = ","
    decimal_comma: bool = False
    date_format: str = ISO


def save(
    name: str,
    names: Names,
    *,
    provider: str,
    now: datetime,
    partner_id: UUID | None = None,
    by: UUID | None = None,
    mapping_id: UUID | None = None,
) -> ColumnMapping:
    """`partner_id` empty: the house's, for everybody. Raises InvalidArguments, MappingTaken or MappingsFull."""
    _check(names)
    try:
        with transaction.atomic():
            _refuse_too_many(provider, partner_id)
            # SQLite takes no partner for another one each time: its constraint does not see two of these.
            if ColumnMapping.objects.filter(provider=provider, partner=partner_id, name=name).exists():
                raise MappingTaken(provider=provider)
            return ColumnMapping.objects.create(
                id=mapping_id or new_id(),
                provider=provider,
                partner_id=partner_id,
                name=name,
                columns=names.columns,
                kinds=names.kinds,
                delimiter=names.delimiter,
                decimal_comma=names.decimal_comma,
                date_format=names.date_format,
                created_by=by,
                created_at=now,
            )
    except IntegrityError:
        raise MappingTaken(provider=provider) from None


def _check(names: Names) -> None:
    """Raises InvalidArguments."""
    wrong = _unknown("columns", list(names.columns), COLUMNS)
    wrong |= _unknown("kinds", list(names.kinds.values()), KINDS)
    if missing := [name for name in NEEDED if name not in names.columns]:
        wrong["/columns"] = f"It lacks {', '.join(missing)}, which every line needs."
    if wrong:
        raise InvalidArguments(wrong)


def _unknown(where: str, given: Sequence[str], known: tuple[str, ...]) -> dict[str, str]:
    strange = [name for name in given if name not in known]
    return {f"/{where}": f"{strange[0][:40]!r} is none of ours, which are {', '.join(known)}."} if strange else {}


def _refuse_too_many(provider: str, partner_id: UUID | None) -> None:
    """One after the other for a partner: else many at once would each be the last that fits."""
    if partner_id is None:
        return
    Partner.objects.select_for_update(no_key=True).filter(pk=partner_id).values_list("pk").first()
    if ColumnMapping.objects.filter(provider=provider, partner_id=partner_id).count() >= MOST_MAPPINGS:
        raise MappingsFull(provider=provider, limit=MOST_MAPPINGS)
