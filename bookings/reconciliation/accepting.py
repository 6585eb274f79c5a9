"""Whose word a statement needs. An invented one of the days beside makes what is `missing` go away as a write-off does,
so it takes two people as that does: over the limit, whoever uploaded a statement cannot accept it.

    its effect     what its lines come to in a currency, each without its sign: a sale and its refund are twice the
                   amount, not nothing. Fees are summed with their sign: no document is missing for one
    the limit      of a write-off in that currency, by the rules in force. A currency that they do not name has that of
                   `*`, or none: then whatever there is takes two
    many files     each by itself: nothing that one person could not end alone goes away by one. A line that says less
                   than our document does not speak for it (see `neighbours`)
    sent again     who said the last word about it counts, and the preview is of that word: whoever sends a colleague's
                   file again has uploaded it, and the colleague may accept it. The same file with the same words is
                   still the first one's
    auto_accept    is the word of whoever uploaded it, and goes no further than that

A pull is the provider's own word, whoever asked for it. A file that an operator takes in names nobody: they have the
machine, and whoever accepts it in the back office is a second person. A partner's statement speaks only for what that
partner's statements miss, never for what ours do; its key is no person, and there is no second one to ask.
"""

from typing import Any
from uuid import UUID

from bookings.reconciliation.models import Statement
from bookings.reconciliation.refusals import StatementNeedsColleague
from bookings.reconciliation.resolution.limits import in_force
from movmo.kit.money import Money


def check_not_alone(statement: Statement, *, by: UUID | None, totals: dict[str, dict[str, Any]] | None = None) -> None:
    """`totals` are those of the preview, where no others are given. Raises StatementNeedsColleague."""
    if not _is_one_person_s(statement, by):
        return
    limit = in_force()
    for currency, total in sorted((statement.totals if totals is None else totals).items()):
        effect, most = Money(total.get("turnover_minor", 0), currency), Money(limit(currency), currency)
        if effect.minor > most.minor:
            raise StatementNeedsColleague(effect=str(effect), limit=str(most))


def is_by_one_alone(statement: Statement) -> bool:
    """Whether nobody but its sender has said a word about it."""
    return _is_one_person_s(statement, statement.accepted_by)


def _is_one_person_s(statement: Statement, by: UUID | None) -> bool:
    """Nobody, as with `auto_accept`, is no second person."""
    is_upload = statement.source == Statement.Source.UPLOAD and statement.partner_id is None
    return is_upload and statement.uploaded_by is not None and by in (None, statement.uploaded_by)
