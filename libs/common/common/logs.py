"""Structured logs: events, not sentences; one JSON object a line; never anything personal."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog
from pydantic import BaseModel

from common.errors import InvalidMessage, TemporaryFailure

OURS = (InvalidMessage, TemporaryFailure)
PERSONAL = frozenset(
    {"name", "email", "phone", "address", "iban", "street", "city", "postcode", "text", "content", "payload"}
)

Entry = MutableMapping[str, Any]


def drop_personal(_: Any, __: str, entry: Entry) -> Entry:
    """Keys that could name a person, and whole models, never reach a log."""
    for key, value in list(entry.items()):
        if key in PERSONAL or isinstance(value, BaseModel):
            entry[key] = "[left out]"
    return entry


def add_traceback(_: Any, __: str, entry: Entry) -> Entry:
    """Where a fault happened and its type. Its text only when it is ours: a driver's may quote values."""
    if entry.pop("exc_info", None):
        kind, fault, frames = sys.exc_info()
        entry["fault"] = kind.__name__ if kind else None
        entry["sqlstate"] = getattr(fault, "sqlstate", None)
        entry["reason"] = str(fault) if isinstance(fault, OURS) else None
        entry["frames"] = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(frames)[-8:]]
    return entry


def set_up_structlog() -> None:
    """One JSON object a line, whatever is logged; a traceback never holds values."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            drop_personal,
            add_traceback,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(),
    )


def set_up_logs(service: str) -> None:
    """One format for our own log and for the libraries'; aiokafka's flood on an absent broker is quietened."""
    set_up_structlog()
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stdout, format='{"logger":"%(name)s","level":"%(levelname)s"}'
    )
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
