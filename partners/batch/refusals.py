"""What can be wrong with a batch, and with a line of it.

DomainError
├── BatchInvalid           400   lines that cannot be run; all of them are told, and nothing is accepted
├── BatchTooLong           413   more than MOST_LINES
├── BatchesFull            409   MOST_OPEN batches of the partner are not at their end
│
├── LineUnreadable         400   of a line: no JSON object of its fields
├── OperationUnknown       404   of a line: there is no such operation
├── NotInBatches           422   of a line: the operation is none for batches
├── KeyRepeated            422   of a line: another line of the batch has its key
└── LineGivenUp            500   of a line: its workers were lost on it each time
"""

from movmo.kit.errors import DomainError, Kind
from partners.batch.schemas import MOST_LINES

MOST_OPEN = 10


class BatchInvalid(DomainError):
    kind = Kind.INVALID
    code = "batch_invalid"
    message = "{bad} of {lines} lines cannot be run. Nothing was accepted."
    hint = "Mend the lines in `problems`, which are numbered from 1, and send all of them again."
    example = {
        "bad": 1,
        "lines": 2500,
        "problems": [{"line": 17, "code": "idempotency_key_missing", "message": "This operation needs a key."}],
    }


class BatchTooLong(DomainError):
    kind = Kind.TOO_LARGE
    code = "batch_too_long"
    message = "The batch has {lines} lines; at most {limit} are taken."
    hint = "Send it in parts; nothing was accepted."
    example = {"lines": 12_000, "limit": MOST_LINES}


class BatchesFull(DomainError):
    kind = Kind.CONFLICT
    code = "batches_full"
    message = "{limit} batches are not at their end yet."
    hint = "Send this one when another has ended (batch.completed.v1), or cancel one."
    retryable = True
    example = {"limit": MOST_OPEN}


class LineUnreadable(DomainError):
    kind = Kind.INVALID
    code = "line_unreadable"
    message = "The line is not one JSON object: {reason}."
    hint = "Put one object on each line, without line breaks in it."
    example = {"reason": "line 1, column 12"}


class OperationUnknown(DomainError):
    kind = Kind.NOT_FOUND
    code = "operation_unknown"
    message = "There is no operation of this name."
    hint = "Take the name from `operationId` in the OpenAPI document."


class NotInBatches(DomainError):
    kind = Kind.RULE
    code = "not_in_batches"
    message = "{operation} cannot be a line of a batch."
    hint = "Call it by itself."
    example = {"operation": "create_checkout_session"}


class KeyRepeated(DomainError):
    kind = Kind.RULE
    code = "key_repeated"
    message = "Line {line} of this batch has the same idempotency key."
    hint = "Give each line a key of its own."
    example = {"line": 4}


class LineGivenUp(DomainError):
    kind = Kind.INTERNAL
    code = "line_given_up"
    message = "The line could not be brought to its end in {times} tries."
    hint = "Repeat the call by itself with the same idempotency key: it tells what became of it."
    retryable = True
    example = {"times": 20}
