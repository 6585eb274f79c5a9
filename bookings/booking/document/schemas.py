"""What doors and the table say of documents alike."""

from enum import StrEnum


class DocumentKind(StrEnum):
    TICKET = "ticket"
    EMD = "emd"
    REFUND = "refund"
    VOID = "void"
