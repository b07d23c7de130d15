"""The in-memory twins of the named queries of intake, dunning, notifications and legal, by their SQL text."""

import json
import random
from datetime import date
from functools import lru_cache

import asyncpg

from dunning.repository import QUERIES as DUNNING
from intake.repository import QUERIES as INTAKE
from legal.repository import QUERIES as LEGAL
from notifications.repository import QUERIES as NOTIFICATIONS


async def insert(tx, table, key, row, *, may_stand=False):
    """Whether the row is new. One that another transaction inserts and has not committed is waited for."""
    if tx.get(table, key) is None:
        await tx.lock(table, key)
    if tx.get(table, key) is not None:
        if may_stand:
            return False
        raise asyncpg.UniqueViolationError(f"duplicate key in {table}")
    tx.put(table, key, row)
    return True


@lru_cache(maxsize=2_000)
def read_state(text):
    """A row's state, read once however often it is asked for: to look at, never to change."""
    return json.loads(text)


def states(tx, table):
    """The states of a table's rows that exist, by key."""
    return {key: read_state(row["state"]) for key, row in tx.rows(table) if row["state"] is not None}


def locate_case_files(tx, arguments):
    clients, case_files = states(tx, "client"), states(tx, "case_file")
    found = []
    for client_id, debtor_id, claim_id in zip(*arguments, strict=True):
        mine = [
            (state["ordinal"], key, state)
            for key, state in case_files.items()
            if state["client_id"] == str(client_id) and state["debtor"]["debtor_id"] == str(debtor_id)
        ]
        ordinal, case_file_id, last = max(mine, default=(None, None, None))
        claim = tx.get("claim", claim_id)
        found.append(
            {
                "mandate": json.dumps(clients[client_id]["mandate"]) if client_id in clients else None,
                "claim_case_file_id": claim["case_file_id"] if claim else None,
                "case_file_id": case_file_id,
                "ordinal": ordinal,
                "opened_on": date.fromisoformat(last["opened_on"]) if last else None,
                "is_closed": last["closed_on"] is not None if last else None,
            }
        )
    return found


async def insert_accepted_claims(tx, arguments):
    for claim_id, case_file_id in zip(*arguments, strict=True):
        if tx.get("case_file", case_file_id) is None:
            raise asyncpg.ForeignKeyViolationError("a claim without its case file")
        await insert(tx, "claim", claim_id, {"claim_id": claim_id, "case_file_id": case_file_id})
    return []


def locate_case_files_by_token(tx, arguments):
    rows = [(key, row) for key, row in tx.rows("case_file") if row["state"] is not None]
    return [{"token": row["token"], "case_file_id": key} for key, row in rows if row["token"] in arguments[0]]


def insert_receipts(tx, arguments):
    for values in zip(*arguments, strict=True):
        number = tx.store.next_number("decision_receipt")
        names = ("case_file_id", "decided_at", "decision", "outcome", "rule_ids", "inputs")
        tx.put("decision_receipt", number, dict(zip(names, values, strict=True)))
    return []


async def insert_deliveries(tx, arguments):
    for message_id, case_file_id, medium, outcome, proof, at in zip(*arguments[:6], strict=True):
        row = {
            "message_id": message_id, "case_file_id": case_file_id, "medium": medium, "outcome": outcome,
            "proof": proof, "happened_at": at, "recorded_at": arguments[6],
        }  # fmt: skip
        await insert(tx, "delivery", (message_id, outcome), row, may_stand=True)
    return []


def select_procedures_by_handoff(tx, arguments):
    handoffs = {key: (state["handoff"] or {}).get("handoff_id") for key, state in states(tx, "procedure").items()}
    return [{"procedure_id": key, "handoff_id": name} for key, name in handoffs.items() if name in arguments[0]]


TWINS = {
    "intake": {
        INTAKE.locate_case_files: locate_case_files,
        INTAKE.insert_accepted_claims: insert_accepted_claims,
    },
    "dunning": {
        DUNNING.locate_case_files_by_token: locate_case_files_by_token,
        DUNNING.insert_receipts: insert_receipts,
    },
    "notifications": {NOTIFICATIONS.insert_deliveries: insert_deliveries},
    "legal": {LEGAL.select_procedures_by_handoff: select_procedures_by_handoff},
}


def drawn_by(service, seed):
    """What a service's database draws when a row is made: reference numbers that are never given back, tokens."""
    if service == "intake":
        numbers = iter(range(1_000_000_001, 10_000_000_000))
        return {"case_file": lambda: {"reference_number": f"{next(numbers):010d}"}}
    if service == "dunning":
        dice = random.Random(f"tokens {seed}")  # noqa: S311  a seed, no secret
        return {"case_file": lambda: {"token": f"{dice.getrandbits(128):032x}"}}
    return {}
