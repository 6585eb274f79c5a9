"""Why a change of schedule cannot be accepted. The booking is as it was."""

from movmo.kit.errors import DomainError, Kind


class ScheduleChangeWithdrawn(DomainError):
    kind = Kind.CONFLICT
    code = "schedule_change_withdrawn"
    message = "The airline has withdrawn this change of schedule."
    hint = "Nothing is to be accepted any more; get_booking shows the itinerary that is flown, and any newer change."


class ScheduleChangeDecided(DomainError):
    kind = Kind.CONFLICT
    code = "schedule_change_decided"
    message = "This change of schedule has been decided: it is {state}."
    hint = "Each change is decided once; get_booking shows the itinerary that is flown."
    example = {"state": "accepted"}
