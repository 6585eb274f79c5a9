"""Why a provider is not asked for a day, or in vain.

DomainError
├── StatementsUnsupported   422   it tells no statements
├── PullDaysInvalid         422   days that are not over, too many, or the other way round
├── PullUnderWay            409   somebody else is asking for the day
└── PullUnanswered          502   the provider did not answer
"""

from movmo.kit.errors import DomainError, Kind


class StatementsUnsupported(DomainError):
    kind = Kind.RULE
    code = "statements_unsupported"
    message = "{provider} cannot be asked for its statements."
    hint = "Upload the file that it sends you instead."
    example = {"provider": "duffel"}


class PullDaysInvalid(DomainError):
    kind = Kind.RULE
    code = "pull_days_invalid"
    message = "{starts_on} to {ends_on} cannot be pulled: {reason}."
    hint = "Nothing was asked. Name up to {most_days} days that are over by UTC, the first one first."
    example = {
        "starts_on": "2026-11-20",
        "ends_on": "2026-11-22",
        "reason": "2026-11-22 is not over",
        "most_days": 7,
    }


class PullUnderWay(DomainError):
    kind = Kind.CONFLICT
    code = "pull_under_way"
    message = "{provider} is being asked for {day} already."
    hint = "Wait a moment, and look at the list of statements."
    example = {"provider": "sandbox", "day": "2026-11-20"}
    retryable = True


class PullUnanswered(DomainError):
    kind = Kind.UPSTREAM_UNREACHABLE
    code = "pull_unanswered"
    message = "{provider} did not answer when it was asked for {day}."
    hint = "Statements of the days before it are here. Ask again later: the nightly pull does so, too."
    example = {"provider": "sandbox", "day": "2026-11-20"}
    retryable = True
