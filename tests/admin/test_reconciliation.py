"""Finance reconciles in the back office; who may not, sees neither button nor row, and is refused on the server."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import ColumnMapping, Discrepancy, DiscrepancyNote, Rules
from bookings.reconciliation.office.statement import ACTIONS as STATEMENT_ACTIONS
from bookings.reconciliation.resolution.models import Adjustment, Countersignature, HandLink, ManualTask
from bookings.reconciliation.resolution.schemas import Action
from movmo import roles
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations import rights
from movmo.operations.models import AuditEvent
from tests.admin.finance import LISTS, WHY, act, clerk, page
from tests.bookings.reconciliation import books
from tests.office import clerk_with_app, entered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fay(db: None) -> tuple[User, Client]:
    return clerk("finance", "fay@movmo.example")


@pytest.fixture
def finn(db: None) -> tuple[User, Client]:
    return clerk("finance", "finn@movmo.example")


def doors(one: Discrepancy) -> dict[str, str]:
    """Every page behind which something is done, by what it does."""
    made = books.lock(starts_on=date(2026, 5, 1), ends_on=date(2026, 5, 1))
    asked = [
        asked_for("write_off", discrepancy=one),
        asked_for("unlock", lock=made),
        asked_for("rules", terms={"tolerances": {"EUR": {"gross": 5}}}),
        asked_for("limit", terms={"tolerances": {"EUR": {"write_off": 5_000}}}),
    ]
    return {
        **{f"discrepancy {action}": page("discrepancy_act", one.pk, action) for action in Action},
        **{f"statement {name}": page("statement_act", one.statement_id, name) for name in STATEMENT_ACTIONS},
        **{f"sign {row.what}": page("countersignature_sign", row.pk) for row in asked},
        **{f"decline {row.what}": page("countersignature_decline", row.pk) for row in asked},
        "lock": page("periodlock_new"),
        "ask to unlock": page("periodlock_unlock", made.pk),
        "upload": page("statement_upload"),
        "pull": page("statement_pull"),
        "new rules": page("rules_new"),
        "new mapping": page("columnmapping_new"),
    }


def asked_for(what: str, **of: Any) -> Countersignature:
    asker = User.objects.get_or_create(email="asker@movmo.example")[0]
    return Countersignature.objects.create(what=what, reason=WHY, asked_by=asker.pk, asked_at=clock.now(), **of)


class TestEachRole:
    """What is not in the table of roles is refused by the server, whatever the pages show."""

    MAY = (roles.FINANCE, roles.ADMIN)

    @pytest.mark.parametrize("role", sorted(set(roles.ROLES) - set(MAY)))
    def test_may_do_nothing_of_it(self, role: str) -> None:
        one = books.discrepancy()
        before = rows()
        office = clerk(role, "somebody@movmo.example")[1]
        for name, address in doors(one).items():
            for send in (office.get, office.post):
                assert send(address, {"reason": WHY}).status_code == 403, name
        lists = [page(f"{model._meta.model_name}_changelist") for model in LISTS]
        for address in [*lists, page("discrepancy_change", one.pk), page("statement_change", one.statement_id)]:
            assert office.get(address).status_code == 403, address
        shown = office.get("/admin/").content.decode()
        assert [address for address in lists if address in shown] == []
        assert rows() == before + 5, "the lock and the four that doors() has asked for"
        one.refresh_from_db()
        assert (one.state, one.version, one.statement.state) == ("open", 0, "reconciled")
        assert set(Countersignature.objects.values_list("state", flat=True)) == {"asked"}

    @pytest.mark.parametrize("role", MAY)
    def test_may_do_all_of_it(self, role: str) -> None:
        office = clerk(role, "somebody@movmo.example")[1]
        for name, address in doors(books.discrepancy()).items():
            if role == roles.FINANCE and name.endswith("limit"):
                assert office.post(address, {"reason": WHY}).status_code == 403, "who ends them says not how much"
                continue
            assert office.get(address).status_code == 200, name
            assert office.post(address, {"reason": WHY}).status_code in (302, 422), name

    @pytest.mark.parametrize("lacking", [rights.APPROVE_WRITE_OFF, rights.LOCK_PERIOD])
    def test_signs_only_what_its_right_is_for(self, lacking: str) -> None:
        """Whoever has all of finance but one right."""
        app, _, codename = lacking.partition(".")
        Group.objects.get(name="finance").permissions.remove(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
        office = clerk("finance", "somebody@movmo.example")[1]
        refused = {
            name
            for name, address in doors(books.discrepancy()).items()
            if not name.endswith("limit") and office.post(address, {"reason": WHY}).status_code == 403
        }
        assert (
            refused
            == {
                rights.APPROVE_WRITE_OFF: {"sign write_off", "decline write_off", "sign rules", "decline rules"},
                rights.LOCK_PERIOD: {"sign unlock", "decline unlock", "lock", "ask to unlock"},
            }[lacking]
        )


def rows() -> int:
    made: list[Any] = [*LISTS, Adjustment, HandLink, ManualTask, DiscrepancyNote]
    return sum(model.objects.count() for model in made)


class TestWhoMayLookAlone:
    def test_looks_and_finds_no_button(self, fay: tuple[User, Client]) -> None:
        looker = clerk_with_app("looker@movmo.example", is_superuser=False)
        codes = [f"view_{model._meta.model_name}" for model in LISTS]
        looker.user_permissions.set(Permission.objects.filter(codename__in=codes))
        office, one = entered(Client(), looker), books.discrepancy()
        shown = office.get(page("discrepancy_change", one.pk)).content.decode()
        assert "Nothing that you may do" in shown
        assert act(office, one, "close").status_code == 403
        assert "Upload a statement" not in office.get(page("statement_changelist")).content.decode()
        assert "Upload a statement" in fay[1].get(page("statement_changelist")).content.decode()

    def test_nothing_is_done_by_a_link(self, fay: tuple[User, Client]) -> None:
        one = books.discrepancy()
        assert fay[1].get(page("discrepancy_act", one.pk, "close")).status_code == 200
        one.refresh_from_db()
        assert one.state == "open"


class TestADiscrepancy:
    def test_shows_both_sides_and_what_can_be_done(self, fay: tuple[User, Client]) -> None:
        one = books.discrepancy()
        shown = fay[1].get(page("discrepancy_change", one.pk)).content.decode()
        for words in (
            "1.00 EUR",
            "120.00 EUR",
            "121.00 EUR",
            "order id is the same",
            "Accept theirs",
            "Write off",
            "Dispute",
        ):
            assert words in shown, words
        assert "Link by hand" not in shown

    def test_a_step_says_so_and_is_in_the_trail(self, fay: tuple[User, Client]) -> None:
        books.rules(EUR={"write_off": 100})
        one = books.discrepancy()
        assert "is resolved now" in act(fay[1], one, "accept_theirs").content.decode()
        assert Adjustment.objects.get().made_by == fay[0].pk
        line = AuditEvent.objects.get(resource_id=one.pk)
        assert (line.operation, line.door, line.user_id) == ("discrepancy_accept_theirs", "office", fay[0].pk)
        shown = fay[1].get(page("discrepancy_change", one.pk)).content.decode()
        assert WHY in shown
        assert "fay@movmo.example" in shown

    @pytest.mark.parametrize("reason", ["", "no", "card 4242 4242 4242 4242", "x" * 201, "\u3164" * 9, "........."])
    def test_a_step_without_a_reason_is_not_taken(self, fay: tuple[User, Client], reason: str) -> None:
        one = books.discrepancy()
        assert act(fay[1], one, "close", reason=reason).status_code == 422
        one.refresh_from_db()
        assert one.state == "open"

    def test_what_cannot_be_is_said_beside_the_form(self, fay: tuple[User, Client]) -> None:
        one = books.discrepancy(state="resolved")
        answer = act(fay[1], one, "dispute")
        assert answer.status_code == 422
        assert "can be reopened first" in answer.content.decode()

    def test_no_such_action_or_row(self, fay: tuple[User, Client]) -> None:
        one = books.discrepancy()
        assert act(fay[1], one, "delete").status_code == 404
        missing = page("discrepancy_act", fay[0].pk, "close")
        assert fay[1].post(missing, {"reason": WHY}).status_code == 404

    def test_what_is_left_to_a_person_is_told_whole(self, fay: tuple[User, Client]) -> None:
        one, what = books.discrepancy(), "Find out who placed it. " * 15
        ManualTask.objects.create(discrepancy=one, what=what, made_at=clock.now())
        assert what in fay[1].get(page("discrepancy_change", one.pk)).content.decode()

    def test_charts_tell_of_class_and_provider_by_day(self, fay: tuple[User, Client]) -> None:
        cache.clear()
        books.discrepancy(category="adm")
        books.discrepancy(category="adm", created_at=clock.now() - timedelta(days=2))
        books.discrepancy(category="adm", created_at=clock.now() - timedelta(days=31))
        books.discrepancy(provider="duffel")
        by_class, by_provider = fay[1].get(page("discrepancy_changelist")).context["charts"]
        assert [bar.amounts for bar in by_class[1].bars[-3:]] == [[1, 0], [0, 0], [1, 1]]
        assert [(kind.name, kind.total) for kind in by_class[1].kinds] == [("adm", 2), ("amount mismatch", 1)]
        assert [(kind.name, kind.total) for kind in by_provider[1].kinds] == [("sandbox", 2), ("duffel", 1)]

    def test_lists_are_filtered(self, fay: tuple[User, Client]) -> None:
        one = books.discrepancy()
        listed = page("discrepancy_changelist")
        for query, shown in [
            ("", True), ("?category__exact=adm", False), ("?category__exact=amount_mismatch", True),
            ("?provider=sandbox", True), ("?state__exact=disputed", False), ("?age=7", False),
            ("?owner=nobody", True), ("?owner=me", False), (f"?q={one.pk}", True), (f"?q={fay[0].pk}", False),
            (f"?q={one.last_seen_id}", True),
        ]:  # fmt: skip
            answer = fay[1].get(listed + query)
            assert answer.status_code == 200, query
            assert bool(answer.context["cl"].result_list) is shown, query


class TestFourEyes:
    def asked(self, office: Client, action: str = "write_off") -> Countersignature:
        told = act(office, books.discrepancy(), action).content.decode()
        assert "1.00 EUR is at stake. A second person" in told
        return Countersignature.objects.get()

    @pytest.mark.parametrize("action", ["write_off", "accept_theirs", "close"])
    def test_no_end_is_one_person_s(self, fay: tuple[User, Client], finn: tuple[User, Client], action: str) -> None:
        asked = self.asked(fay[1], action)
        assert (asked.what, Discrepancy.objects.get().state) == (action, "open")
        finn[1].post(page("countersignature_sign", asked.pk), {"reason": WHY})
        assert Discrepancy.objects.get().state == ("written_off" if action == "write_off" else "resolved")

    def test_who_signs_rules_is_told_which(self, fay: tuple[User, Client], finn: tuple[User, Client]) -> None:
        books.rules(EUR={"gross": 5})
        told = fay[1].post(page("rules_new"), {"tolerances": "EUR gross 900.00", "reason": WHY}, follow=True)
        assert "more would pass than before" in told.content.decode()
        asked = Countersignature.objects.get()
        for address in (page("countersignature_change", asked.pk), page("countersignature_sign", asked.pk)):
            assert "EUR gross 900.00" in finn[1].get(address).content.decode()
        finn[1].post(page("countersignature_sign", asked.pk), {"reason": WHY})
        assert Rules.objects.get(version=2).tolerances == {"EUR": {"gross": 90_000}}

    def test_who_asked_cannot_sign(self, fay: tuple[User, Client]) -> None:
        asked = self.asked(fay[1])
        shown = fay[1].get(page("countersignature_change", asked.pk)).content.decode()
        assert page("countersignature_sign", asked.pk) not in shown
        answer = fay[1].post(page("countersignature_sign", asked.pk), {"reason": WHY})
        assert answer.status_code == 422
        assert "Who asked for it cannot sign it" in answer.content.decode()
        assert Discrepancy.objects.get().state == "open"

    def test_a_colleague_signs_and_both_are_named(self, fay: tuple[User, Client], finn: tuple[User, Client]) -> None:
        asked = self.asked(fay[1])
        shown = finn[1].get(page("countersignature_change", asked.pk)).content.decode()
        assert page("countersignature_sign", asked.pk) in shown
        finn[1].post(page("countersignature_sign", asked.pk), {"reason": WHY})
        assert Discrepancy.objects.get().state == "written_off"
        shown = finn[1].get(page("countersignature_change", asked.pk)).content.decode()
        assert "fay@movmo.example" in shown
        assert "finn@movmo.example" in shown

    def test_a_period_is_locked_by_one_and_unlocked_by_two(
        self, fay: tuple[User, Client], finn: tuple[User, Client]
    ) -> None:
        typed = {"provider": "sandbox", "starts_on": "2027-02-28", "ends_on": "2027-02-28", "reason": WHY}
        fay[1].post(page("periodlock_new"), typed)
        made = PeriodLock.objects.get()
        one = books.discrepancy()
        answer = act(fay[1], one, "close")
        assert answer.status_code == 422
        assert "are locked" in answer.content.decode()
        fay[1].post(page("periodlock_unlock", made.pk), {"reason": WHY})
        asked = Countersignature.objects.get()
        fay[1].post(page("countersignature_sign", asked.pk), {"reason": WHY})
        made.refresh_from_db()
        assert made.unlocked_at is None
        finn[1].post(page("countersignature_sign", asked.pk), {"reason": WHY})
        made.refresh_from_db()
        assert made.unlocked_by == finn[0].pk


class TestLists:
    @pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.model_name)
    def test_a_longer_one_asks_no_more_often(self, fay: tuple[User, Client], model: Any) -> None:
        address = page(f"{model._meta.model_name}_changelist")

        def asked() -> int:
            cache.clear()
            with CaptureQueriesContext(connection) as queries:
                assert fay[1].get(address).status_code == 200
            return len(queries)

        self.fill(fay[0], 1)
        asked()  # the first page of a session asks more
        before = asked()
        for number in range(2, 5):
            self.fill(fay[0], number)
        assert asked() == before

    def fill(self, clerk: User, number: int) -> None:
        one = books.discrepancy(owner=clerk)
        asked_for("write_off", discrepancy=one)
        books.adjustment(one, made_by=clerk.pk)
        books.rules(EUR={"gross": number})
        day = date(2026, 5, number)
        books.owed_day(day, failures=number)
        books.lock(starts_on=day, ends_on=day, locked_by=clerk.pk)
        ColumnMapping.objects.create(provider="sandbox", name=f"mapping {number}", created_at=clock.now())


class TestRules:
    def test_a_change_is_a_new_version(self, fay: tuple[User, Client]) -> None:
        books.rules(EUR={"gross": 20, "write_off": 5_000})
        for number, amount in enumerate(("0.10", "0.05"), start=2):
            fay[1].post(page("rules_new"), {"tolerances": f"EUR gross {amount}\nEUR write_off 50.00", "reason": WHY})
            assert Rules.objects.count() == number
        assert [one.tolerances["EUR"]["gross"] for one in Rules.objects.order_by("version")[1:]] == [10, 5]
        form = fay[1].get(page("rules_new")).context["form"]
        assert form.initial == {"tolerances": "EUR gross 0.05\nEUR write_off 50.00"}

    @pytest.mark.parametrize("line", ["EUR gross", "EUR net 0.05", "EUR gross 0.005", "XXQ gross 1", "* gross -1"])
    def test_what_is_no_tolerance_is_named_by_its_line(self, fay: tuple[User, Client], line: str) -> None:
        answer = fay[1].post(page("rules_new"), {"tolerances": f"EUR tax 0.01\n{line}", "reason": WHY})
        assert answer.status_code == 422
        assert "Line 2" in answer.content.decode()
        assert not Rules.objects.exists()

    def test_a_mapping_needs_what_a_line_needs(self, fay: tuple[User, Client]) -> None:
        form = {"provider": "sandbox", "name": "Sabre", "delimiter": ";", "date_format": "%d.%m.%Y"}
        lacking = fay[1].post(page("columnmapping_new"), {**form, "columns": "kind = Type"})
        assert "It lacks currency, gross" in lacking.content.decode()
        columns = "kind = Type\ncurrency = Cur\ngross = Amount\nticket_number = Ticket"
        fay[1].post(page("columnmapping_new"), {**form, "columns": columns, "kinds": "sale = TKTT"})
        made = ColumnMapping.objects.get()
        assert (made.columns["gross"], made.kinds) == ("Amount", {"TKTT": "sale"})
        again = fay[1].post(page("columnmapping_new"), {**form, "columns": columns, "kinds": "sale = TKTM"})
        assert "has a mapping of this name already" in again.content.decode()
        assert ColumnMapping.objects.get() == made
