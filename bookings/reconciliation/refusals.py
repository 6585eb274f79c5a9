"""Why a statement is not taken.

DomainError
├── StatementTooLarge        413   the file is longer than MOST_BYTES, or a partner's than PARTNERS_MOST_BYTES
├── StatementTooLong         413   a partner's file has more than PARTNERS_MOST_LINES
├── StatementUnreadable      422   the file as a whole: encoding, delimiter, header, control record, cut off
├── StatementFileGone        422   the file was deleted before its lines were read
├── StatementUnfinished      422   worker after worker was lost over it
├── StatementTooSlow         422   it took longer than a worker has
├── StatementMostlyBad       422   so many lines are bad that it is the file
├── StatementPeriodInvalid   422   it ends before it begins, is too long, or of no year that may be
├── MappingNeeded            422   a format that only a saved column mapping can read, and none is named
├── MappingNotOfFormat       422   a mapping beside a format that is read without one
├── StatementsWaiting        429   of the partner MOST_WAITING are not accepted yet
├── StatementLinesSpent      429   of the partner PARTNERS_LINES_A_DAY have come within a day
├── StatementNotStaged       409   it waits for nobody's word
├── StatementHasBadLines     422   accepted without saying so in spite of its bad lines
├── StatementNeedsColleague  403   accepted by whoever uploaded it, over the limit of one person alone
├── StatementDoesNotTie      422   opening + lines ≠ closing
├── StatementNotAccepted     409   a run of what was never accepted
├── StatementBusy            409   a worker is at it
└── PeriodLocked             422   the period was closed
"""

from movmo.kit.errors import DomainError, Kind

MOST_BYTES = 512 * 1024 * 1024
PARTNERS_MOST_BYTES = 32 * 1024 * 1024
PARTNERS_MOST_LINES = 200_000
"""One small request may unpack to either, and a worker reads it then: as much as it can in the time that it has."""
PARTNERS_LINES_A_DAY = 1_000_000
MOST_WAITING = 20


class StatementTooLarge(DomainError):
    kind = Kind.TOO_LARGE
    code = "statement_too_large"
    message = "The file has {bytes} bytes; a statement has at most {limit}, unpacked."
    hint = "Nothing was read. Split the statement by day and send the parts as statements of their own."
    example = {"bytes": 2 * 1024**3, "limit": MOST_BYTES}


class StatementTooLong(DomainError):
    kind = Kind.TOO_LARGE
    code = "statement_too_long"
    message = "The file has {lines} lines; a statement has at most {limit}."
    hint = "Nothing was kept. Split the statement by day and send the parts as statements of their own."
    example = {"lines": 1_000_000, "limit": PARTNERS_MOST_LINES}


class StatementUnreadable(DomainError):
    """`problem` is one of encoding, line_break, delimiter, header, empty, truncated, too_long, control, json. `line` is
    None where it is the file as a whole.
    """

    kind = Kind.RULE
    code = "statement_unreadable"
    message = "The file cannot be read as {format}, line {line}: {reason} Nothing was taken over."
    message_of_all = "The file cannot be read as {format}: {reason} Nothing was taken over."
    hint = "Mend that in the file, or ask whoever made it, and send it again."
    example = {
        "format": "csv",
        "line": 1,
        "problem": "delimiter",
        "reason": 'the columns are divided by ";", where "," is expected.',
    }

    @property
    def text(self) -> str:
        if self.facts["line"] is None:
            return self.message_of_all.format_map(self.facts)
        return super().text


class StatementFileGone(DomainError):
    kind = Kind.RULE
    code = "statement_file_gone"
    message = "The file is not in the storage any more, and its lines were not taken over."
    hint = "Upload it again."


class StatementUnfinished(DomainError):
    kind = Kind.RULE
    code = "statement_unfinished"
    message = "{workers} workers in a row began with it, and none came to an end."
    hint = "Nothing was taken over. Upload it again, in smaller parts by day."
    example = {"workers": 5}


class StatementTooSlow(DomainError):
    kind = Kind.RULE
    code = "statement_too_slow"
    message = "It took longer than {seconds} seconds, and nothing was taken over. Split it by day and send the parts."
    hint = "Each part is a statement of its own."
    example = {"seconds": 90}


class StatementMostlyBad(DomainError):
    """`first` names the first of them by their numbers and codes."""

    kind = Kind.RULE
    code = "statement_mostly_bad"
    message = (
        "Reading ended after {bad} bad lines, the first of them {first}. Nothing was taken over. Mend the file, or "
        "name its format or mapping rightly, and send it again."
    )
    hint = "The preview has the first bad lines and says what is wrong with each."
    example = {"bad": 10_001, "first": "line 2 (kind_unknown), line 3 (kind_unknown), line 4 (kind_unknown)"}


class StatementPeriodInvalid(DomainError):
    kind = Kind.RULE
    code = "statement_period_invalid"
    message = (
        "{starts_on} to {ends_on} is no period of {most_days} days at most in the years {first_year} to {last_year}."
    )
    hint = "Give the first and the last day that the statement is about."
    example = {
        "starts_on": "2026-11-30",
        "ends_on": "2026-11-01",
        "most_days": 366,
        "first_year": 2000,
        "last_year": 2099,
    }


class MappingNeeded(DomainError):
    kind = Kind.RULE
    code = "mapping_needed"
    message = "A file of the format {format} is read by a saved column mapping, and none is named."
    hint = "Save a column mapping for the provider first and name it, or send one of the formats that need none."
    example = {"format": "mapped"}


class MappingNotOfFormat(DomainError):
    kind = Kind.RULE
    code = "mapping_not_of_format"
    message = "The format {format} is read without a column mapping."
    hint = "Leave the mapping out, or choose the format that is read by one; nothing was kept."
    example = {"format": "csv"}


class StatementsWaiting(DomainError):
    """`received` are being read by our workers, `staged` wait for the partner's word."""

    kind = Kind.LIMITED
    code = "statements_waiting"
    message = "{limit} of your statements are not accepted yet: {staged} wait for your word, {received} are being read."
    hint = "Nothing was kept. Accept or decline one that is `staged`: list_statements tells which; then send it again."
    example = {"limit": MOST_WAITING, "staged": 18, "received": 2}
    retryable = True


class StatementLinesSpent(DomainError):
    kind = Kind.LIMITED
    code = "statement_lines_spent"
    message = "The file has {lines} lines, and {used} of the {limit} that you may send in 24 hours have come already."
    hint = "Nothing was kept. Send it again when the first of those are a day old: Retry-After says when."
    example = {"lines": 200_000, "used": 1_000_000, "limit": PARTNERS_LINES_A_DAY}
    retryable = True


class StatementNotStaged(DomainError):
    kind = Kind.CONFLICT
    code = "statement_not_staged"
    message = "The statement is {state}; only one that is staged waits to be accepted or declined."
    hint = "Read the statement again. Received: it is still being read. Accepted or reconciled: there is nothing to do."
    example = {"state": "reconciled"}


class StatementHasBadLines(DomainError):
    kind = Kind.RULE
    code = "statement_has_bad_lines"
    message = "{bad} of {lines} lines cannot be read and would be left out."
    hint = "Look at the preview. Mend the file and upload it again, or accept it without these lines by saying so."
    example = {"bad": 3, "lines": 1_000}


class StatementNeedsColleague(DomainError):
    kind = Kind.FORBIDDEN
    code = "statement_needs_colleague"
    message = "Its lines come to {effect}. Over {limit} whoever uploaded a statement cannot accept it."
    hint = "A colleague has to look at it and accept it; whoever uploaded it may still decline it."
    example = {"effect": "118.70 EUR", "limit": "50.00 EUR"}


class StatementDoesNotTie(DomainError):
    kind = Kind.RULE
    code = "statement_does_not_tie"
    message = (
        "In {currency}, opening {opening} and the lines' {lines} make {sum}, and the statement closes at {closing}."
    )
    hint = "A line is missing, doubled or altered. Ask the provider for the statement again."
    example = {"currency": "EUR", "opening": "0.00", "lines": "118.70", "sum": "118.70", "closing": "120.00"}


class StatementNotAccepted(DomainError):
    kind = Kind.CONFLICT
    code = "statement_not_accepted"
    message = "The statement is {state}: there are no lines to compare."
    hint = "Accept it first; it is then compared by itself."
    example = {"state": "staged"}


class StatementBusy(DomainError):
    kind = Kind.CONFLICT
    code = "statement_busy"
    message = "A worker is comparing this statement."
    hint = "Wait a moment and look at its runs."
    retryable = True


class PeriodLocked(DomainError):
    kind = Kind.RULE
    code = "period_locked"
    message = "{provider}'s days from {starts_on} to {ends_on} are locked."
    hint = "Nothing was changed. Somebody who may unlocks the period first, or the line goes into the next one."
    example = {"provider": "sandbox", "starts_on": "2026-10-01", "ends_on": "2026-10-31"}
