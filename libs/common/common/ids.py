"""Ids: event ids in order of time, and names of things computed from what they are."""

from uuid import UUID, uuid5

import uuid_utils

from common.postgres import read_id

NAMESPACE = UUID("6f2d3a0e-5b0c-5e0a-9f4e-0c1a6a8f2b11")


def new_event_id() -> UUID:
    """A uuidv7. For event ids alone: nothing that decides may hang on it."""
    return read_id(str(uuid_utils.uuid7()))


def name_id(*parts: object) -> UUID:
    """The uuid5 of some facts: the same facts always name the same thing."""
    return uuid5(NAMESPACE, "|".join(str(part) for part in parts))
