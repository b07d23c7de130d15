"""Whose fault a fault is: the record's own, which parks it, or ours, which is tried again and pages."""

import asyncpg

from common.errors import InvalidMessage

# SQLSTATE classes 22 and 23 and the ledger's LG blame the record; the rest is ours, a journal that does not balance too
REFUSALS = (InvalidMessage, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
UNBALANCED = "LG001"


def blames_record(fault: BaseException) -> bool:
    """Whether a fault is the record's own: then it parks; otherwise it is tried again and pages."""
    sqlstate = str(getattr(fault, "sqlstate", ""))
    return isinstance(fault, REFUSALS) or (sqlstate.startswith("LG") and sqlstate != UNBALANCED)


def blame(fault: BaseException) -> tuple[str, str]:
    """Code and reason of a record's own fault. The database's words may quote the record: they are left out."""
    if isinstance(fault, InvalidMessage):
        return fault.code, fault.message
    return str(getattr(fault, "sqlstate", "") or "refused"), f"{type(fault).__name__}: the database refused it"
