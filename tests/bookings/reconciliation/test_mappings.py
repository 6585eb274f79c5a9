"""A partner saves how a provider's CSV names our columns, and has its files read by that."""

from typing import Any

import pytest

from bookings.catalogue.modes import ProviderNotForKey
from bookings.reconciliation import mappings
from bookings.reconciliation.door.schemas import ColumnMappingList, ColumnMappingView, DayFormat
from bookings.reconciliation.door.services import DATE_FORMATS
from bookings.reconciliation.mappings import MappingsFull, MappingTaken
from bookings.reconciliation.models import ColumnMapping, Statement
from bookings.reconciliation.office import mapping as office
from bookings.reconciliation.refusals import MappingNeeded, MappingNotOfFormat, StatementUnreadable
from movmo.kit import clock
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.operations.context import Caller, Door
from partners.partner.models import Partner
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.test_door import HEADER, advanced, sent
from tests.contract.world import World, view_of
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)
COLUMNS = {"kind": "Type", "currency": "Cur", "gross": "Amount", "ticket_number": "Ticket", "issued_on": "Day"}
THEIRS: dict[str, Any] = {
    "provider": "sandbox",
    "name": "monthly billing",
    "columns": COLUMNS,
    "kinds": {"TKTT": "sale", "R'F%s": "refund"},
    "delimiter": ";",
    "decimal_comma": True,
    "date_format": "dd.mm.yyyy",
}
FILE = "Day;Type;Ticket;Cur;Amount\n{day};TKTT;0002400000001;EUR;1.118,70\n{day};R'F%s;0002400000002;EUR;-18,70\n"


def saved(world: World, **changes: Any) -> ColumnMappingView:
    return view_of(ColumnMappingView, world.call("create_column_mapping", **{**THEIRS, **changes}))


def listed(world: World, **wanted: Any) -> list[ColumnMappingView]:
    return view_of(ColumnMappingList, world.call("list_column_mappings", **wanted)).data


def file() -> str:
    return FILE.format(day=f"{clock.now():%d.%m.%Y}")


def test_a_file_is_read_by_it(world: World) -> None:
    made = saved(world)
    assert (made.is_own, made.date_format, made.delimiter) == (True, "dd.mm.yyyy", ";")
    staged = advanced(sent(world, file(), format="mapped", mapping_id=str(made.mapping_id)), world)
    assert (staged.status, staged.lines, staged.bad, staged.problem) == ("staged", 2, 0, None)
    assert staged.totals["EUR"]["gross_minor"] == 110_000
    assert (staged.format, staged.mapping_id) == ("mapped", made.mapping_id)
    world.call("accept_statement", statement_id=str(staged.statement_id))
    assert advanced(staged, world).status == "reconciled"


def test_the_house_s_can_be_used_too(world: World) -> None:
    house_s = books.mapping()
    assert [(one.mapping_id, one.is_own) for one in listed(world)] == [(house_s.pk, False)]
    text = "Type,Cur,Amount,x\nadm,EUR,1.00,\n"
    assert advanced(sent(world, text, format="mapped", mapping_id=str(house_s.pk)), world).lines == 1


class TestAnUpload:
    def test_of_this_format_names_one(self, world: World) -> None:
        with pytest.raises(MappingNeeded, match="and none is named"):
            sent(world, file(), format="mapped")

    def test_of_another_names_none(self, world: World) -> None:
        with pytest.raises(MappingNotOfFormat, match="The format csv is read without"):
            sent(world, f"{HEADER}# lines 0\n", mapping_id=str(saved(world).mapping_id))

    def test_names_nobody_else_s(self, world: World, kestrel_alone: Caller) -> None:
        theirs = saved(World(kestrel_alone))
        with pytest.raises(NotFound, match="no such column mapping for sandbox"):
            sent(world, file(), format="mapped", mapping_id=str(theirs.mapping_id))
        assert listed(world) == []

    def test_and_none_of_another_provider(self, world: World, aviare: Partner) -> None:
        of_duffel = mappings.save(
            "x",
            mappings.Names(COLUMNS),
            provider="duffel",
            partner_id=aviare.pk,
            now=clock.now(),
        )
        with pytest.raises(NotFound, match="no such column mapping for sandbox"):
            sent(world, file(), format="mapped", mapping_id=str(of_duffel.pk))

    def test_that_lacks_a_column_is_refused(self, world: World) -> None:
        made = saved(world)
        with pytest.raises(StatementUnreadable, match="lacks the column\\(s\\) 'Ticket'"):
            sent(world, file().replace("Ticket", "Billet"), format="mapped", mapping_id=str(made.mapping_id))
        assert not Statement.objects.exists()


class TestSaving:
    @pytest.mark.parametrize(
        ("changes", "where", "words"),
        [
            ({"columns": {"kind": "Type"}}, "/columns", "It lacks currency, gross, which every line needs."),
            (
                {"columns": {**COLUMNS, "colour": "C"}},
                "/columns",
                "'colour' is none of ours, which are kind,",
            ),
            ({"kinds": {"TKTT": "sold"}}, "/kinds", "'sold' is none of ours, which are sale,"),
            ({"columns": {**COLUMNS, "gross": ""}}, "/columns/gross", ""),
            ({"columns": {**COLUMNS, "gross": "A\x00"}}, "/columns/gross", ""),
            ({"delimiter": "'"}, "/delimiter", ""),
            ({"date_format": "%H"}, "/date_format", ""),
            ({"name": ""}, "/name", ""),
            ({"name": "x" * 81}, "/name", ""),
            ({"kinds": {f"K{number}": "sale" for number in range(101)}}, "/kinds", ""),
        ],
    )
    def test_what_is_wrong_is_said(self, world: World, changes: dict[str, Any], where: str, words: str) -> None:
        with pytest.raises(InvalidArguments) as refusal:
            saved(world, **changes)
        assert words in refusal.value.fields[where]
        assert not ColumnMapping.objects.exists()

    def test_a_name_is_given_once(self, world: World, kestrel_alone: Caller) -> None:
        books.mapping()
        saved(world, name="Sabre")
        with pytest.raises(MappingTaken):
            saved(world, name="Sabre")
        saved(World(kestrel_alone), name="Sabre")

    def test_by_two_at_once_too(self, world: World) -> None:
        ended = together(*(lambda: saved(world) for _ in range(2)))
        assert [type(one) for one in ended].count(MappingTaken) == 1
        assert ColumnMapping.objects.count() == 1

    def test_there_are_only_so_many(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(mappings, "MOST_MAPPINGS", 3)
        books.mapping()
        saved(world, name="one")
        ended = together(*(lambda name=name: saved(world, name=name) for name in ("two", "three", "four")))
        assert [type(one) for one in ended].count(MappingsFull) == 1
        assert ColumnMapping.objects.filter(partner__isnull=False).count() == 3

    def test_only_for_providers_of_the_key(self, aviare: Partner) -> None:
        live = World(Caller(door=Door.REST, partner_id=aviare.pk, is_live_key=True))
        with pytest.raises(ProviderNotForKey):
            saved(live)
        books.mapping()
        assert listed(live) == []

    def test_days_are_written_as_staff_may_have_them(self) -> None:
        assert {DATE_FORMATS[one] for one in DayFormat} == set(office.DATE_FORMATS)


def test_a_list_goes_on_from_its_cursor(world: World) -> None:
    made = [saved(world, name=f"{number}").mapping_id for number in range(3)]
    page = view_of(ColumnMappingList, world.call("list_column_mappings", limit=2, provider="sandbox"))
    assert [one.mapping_id for one in page.data] == [made[2], made[1]]
    assert [one.mapping_id for one in listed(world, cursor=page.next_cursor)] == [made[0]]
