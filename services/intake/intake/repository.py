"""What intake reads and writes, each by one statement for a whole batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from common.clock import read_now
from common.decisions import Located
from common.messages import Message
from common.postgres import Connection, Pool
from common.queries import load_queries
from contracts.values import Mandate
from intake.domain import AcceptedClaim, Placement, SubmitClaim, local_day, name_case_file

QUERIES = load_queries("intake")


@dataclass(frozen=True, kw_only=True)
class KnownClient:
    """A client as the border knows him."""

    client_id: UUID
    folder: str
    enterprise_number: str


async def locate_case_files(connection: Connection, messages: Sequence[Message]) -> Sequence[Sequence[Located]]:
    """Place each claim, with its client's mandate. A claim of an unknown client has no place.

    One that was accepted before goes to its own case file, whatever it says now. Another joins the last case file of
    this client on this debtor when that was opened today and is open, and opens the next one otherwise. Two new claims
    of one batch on one debtor get the same number for the next one, so they meet in it.
    """
    claims = [message for message in messages if isinstance(message, SubmitClaim)]
    assert len(claims) == len(messages)
    now = await read_now(connection)
    rows = await connection.fetch(
        QUERIES.locate_case_files,
        [claim.client_id for claim in claims],
        [claim.debtor.debtor_id for claim in claims],
        [claim.terms.claim_id for claim in claims],
    )
    placed: dict[UUID, UUID] = {}  # claims of this batch: a second of the same reference follows the first
    found: list[list[Located]] = []
    for claim, row in zip(claims, rows, strict=True):
        if row["mandate"] is None:
            found.append([])
            continue
        placement = place(claim, row, today=local_day(now, claim.debtor.country))
        case_file_id = placed.setdefault(claim.terms.claim_id, placement.case_file_id)
        placement = placement.model_copy(update={"case_file_id": case_file_id})
        found.append([(case_file_id, claim.model_copy(update={"placement": placement}))])
    return found


def place(claim: SubmitClaim, row: asyncpg.Record, *, today: date) -> Placement:
    """Where a claim goes, by what the database knows."""
    mandate = Mandate.model_validate_json(row["mandate"])
    joins = row["ordinal"] is not None and row["opened_on"] == today and not row["is_closed"]
    ordinal: int = (row["ordinal"] or 0) + (0 if joins else 1)
    case_file_id: UUID = row["claim_case_file_id"] or name_case_file(
        client_id=claim.client_id, debtor_id=claim.debtor.debtor_id, ordinal=ordinal
    )
    return Placement(case_file_id=case_file_id, ordinal=ordinal, mandate=mandate)


async def insert_accepted_claims(connection: Connection, rows: Sequence[AcceptedClaim], now: datetime) -> None:  # noqa: ARG001  a writer
    """Where each accepted claim is."""
    await connection.execute(
        QUERIES.insert_accepted_claims, [row.claim_id for row in rows], [row.case_file_id for row in rows]
    )


async def select_client_by_api_key(pool: Pool, api_key_sha256: str) -> KnownClient | None:
    """Whose key this is."""
    row = await pool.fetchrow(QUERIES.select_client_by_api_key, api_key_sha256)
    return None if row is None else KnownClient(**dict(row))


async def select_client_by_folder(pool: Pool, folder: str) -> KnownClient | None:
    """Whose watched folder this is."""
    row = await pool.fetchrow(QUERIES.select_client_by_folder, folder)
    return None if row is None else KnownClient(**dict(row))


async def select_client_folders(pool: Pool) -> list[str]:
    """The watched folders of all clients."""
    return [row["folder"] for row in await pool.fetch(QUERIES.select_client_folders)]
