"""The in-memory twin of the ledger's functions in SQL: accounts opened, journals posted, statements reconciled.

The chart is read from the migration itself, so that its kinds, sides and floors are those of the database.
"""

import json
import re
from collections import Counter
from datetime import timedelta
from importlib.resources import files

import asyncpg
from chain_queries import insert, read_state, states

from ledger.repository import QUERIES

MIGRATION = (files("ledger") / "sql" / "migrations" / "0001_create_ledger.sql").read_text("utf-8")
KIND = re.compile(r"^\('([A-Z]+)', (\d), (-?1), (NULL|0), (TRUE|FALSE), (NULL|'[a-z_]+'),", re.MULTILINE)
CHART = {
    kind: {
        "book": int(book), "side": int(side), "floor": None if floor == "NULL" else int(floor),
        "is_hot": is_hot == "TRUE", "reconciles_as": place.strip("'"),
    }
    for kind, book, side, floor, is_hot, place in KIND.findall(MIGRATION)
}  # fmt: skip
assert len(CHART) == 16, "every kind of the chart is read"
SLACK = timedelta(minutes=1)


def refusal(code, text):
    fault = asyncpg.RaiseError(text)
    fault.sqlstate = code
    return fault


async def open_ledger_accounts(tx, arguments):
    entity_id, codes, _ = arguments
    for code in sorted(set(codes)):
        kind = CHART.get(code.partition(":")[0])
        if kind is None:
            raise refusal("LG006", "account of unknown kind")
        row = {"id": tx.store.next_number("ledger_account"), "entity_id": entity_id, "code": code, **kind}
        await insert(tx, "ledger_account", code, row, may_stand=True)
        if tx.get("ledger_account", code)["entity_id"] != entity_id:
            raise refusal("LG004", "account code of another entity")
        if not kind["is_hot"]:
            await insert(tx, "balance", code, {"posted_cents": 0}, may_stand=True)
    return [{"opened": None}]


JOURNAL = ("entity_id", "key", "hash", "kind", "booked_on", "value_on", "reverses", "source_id", "reason")


async def post_journals(tx, arguments):
    now = arguments[13]
    asked = [dict(zip(JOURNAL, values, strict=True)) for values in zip(*arguments[:9], strict=True)]
    if len({journal["key"] for journal in asked}) != len(asked):
        raise refusal("LG003", "the same key twice")
    lines = [[] for _ in asked]
    for position, ordinal, code, cents in zip(*arguments[9:13], strict=True):
        lines[position - 1].append((ordinal, code, cents))
    entities = {journal["entity_id"] for journal in asked}
    recorded = [row["recorded_at"] for _, row in tx.rows("journal") if row["entity_id"] in entities]
    if recorded and now < max(recorded) - SLACK:
        raise refusal("LT001", "time runs backward")
    new = [await post_one(tx, journal, of_it, now) for journal, of_it in zip(asked, lines, strict=True)]
    await move_balances(tx, [line for is_new, of_it in zip(new, lines, strict=True) if is_new for line in of_it])
    return [{"journal_ids": [tx.get("journal", journal["key"])["id"] for journal in asked], "is_new": new}]


async def post_one(tx, journal, lines, now):
    """Whether this journal is new; the same key with another request is refused."""
    row = journal | {"id": tx.store.next_number("journal"), "recorded_at": now}
    if not await insert(tx, "journal", journal["key"], row, may_stand=True):
        if tx.get("journal", journal["key"])["hash"] != journal["hash"]:
            raise refusal("LG004", "same key, other request")
        return False
    known = [tx.get("ledger_account", code) for _, code, _ in lines]
    if len(lines) < 2 or None in known or {a["entity_id"] for a in known} != {journal["entity_id"]}:
        raise refusal("LG006", "too few lines, or account unknown or of another entity")
    if len({a["book"] for a in known}) != 1:
        raise refusal("LG006", "accounts of two books")
    if sum(cents for _, _, cents in lines) != 0:
        raise refusal("LG001", "unbalanced journal")
    for ordinal, code, cents in lines:
        if not cents:
            raise asyncpg.CheckViolationError("a line of nothing")
        line = {"entity_id": journal["entity_id"], "code": code, "cents": cents, "booked_on": journal["booked_on"]}
        tx.put("line", (journal["key"], ordinal), line)
    return True


async def move_balances(tx, lines):
    moved = Counter()
    for _, code, cents in lines:
        moved[code] += cents
    accounts = {code: tx.get("ledger_account", code) for code in moved}
    for code in sorted(moved, key=lambda code: accounts[code]["id"]):
        if accounts[code]["is_hot"]:
            continue
        await tx.lock("balance", code)
        posted = tx.get("balance", code)["posted_cents"] + accounts[code]["side"] * moved[code]
        if accounts[code]["floor"] is not None and posted < accounts[code]["floor"]:
            raise asyncpg.CheckViolationError(f"balance_floor of {code.partition(':')[0]}")
        tx.put("balance", code, {"posted_cents": posted})


def sums_of(rows, accounts, entity_id, *, book=1):
    """Cents by account code, on the account's own side."""
    sums = Counter()
    for row in rows:
        kind = accounts[row["code"]]
        if row["entity_id"] == entity_id and kind["book"] == book:
            sums[row["code"]] += kind["side"] * row["cents"]
    return sums


async def reconcile_statement(tx, arguments):
    statement_key, bank_code, booked_through, cents, _ = arguments
    accounts = dict(tx.rows("ledger_account"))
    entity_id = accounts[bank_code]["entity_id"]
    lines = [row for _, row in tx.rows("line") if row["booked_on"] <= booked_through]
    sums = sums_of(lines, accounts, entity_id)
    places = Counter()
    for code, amount in sums.items():
        place = accounts[code]["reconciles_as"]
        places[place] += max(amount, 0) if place == "obligation" else amount
    row = {
        "statement_cents": cents,
        "bank_cents": sums[bank_code],
        "owed_cents": places["obligation"] + places["in_transit"] + places["agency"] - places["shortfall"],
        "negative_obligations": sum(
            amount < 0 for code, amount in sums.items() if accounts[code]["reconciles_as"] == "obligation"
        ),
    }
    await insert(tx, "reconciliation", statement_key, row, may_stand=True)
    return [{k: v for k, v in tx.get("reconciliation", statement_key).items() if k != "statement_cents"}]


def select_case_accounts_by_reference(tx, arguments):
    return [
        {"case_account_id": key, "reference_number": state["reference_number"], "country": state["country"]}
        for key, state in states(tx, "case_account").items()
        if state["reference_number"] in arguments[0]
    ]


def select_remittance_clients(tx, arguments):
    return [row for name in arguments[0] if (row := tx.get("remittance", name)) is not None]


def select_in_transit(tx, arguments):
    balances = {name: tx.get("balance", f"INTRANSIT:{name}") for name in arguments[0] if tx.get("remittance", name)}
    return [{"remittance_id": n, "in_transit_cents": b["posted_cents"]} for n, b in balances.items() if b is not None]


def select_receipts_by_mark(tx, arguments):
    (marks,) = arguments
    return [
        {name: row[name] for name in ("payment_id", "trust_account_id", "amount_cents", "marks", "stated_references")}
        for _, row in tx.rows("receipt")
        if row["returned_by"] is None and {*marks} & {*row["marks"]}
    ]


async def insert_receipts(tx, arguments):
    for payment_id, trust_account_id, cents, marks, references in zip(*arguments, strict=True):
        row = {
            "payment_id": payment_id, "trust_account_id": trust_account_id, "amount_cents": cents,
            "marks": json.loads(marks), "stated_references": json.loads(references), "returned_by": None,
        }  # fmt: skip
        await insert(tx, "receipt", payment_id, row, may_stand=True)
    return []


async def mark_receipts_returned(tx, arguments):
    for payment_id, return_id in zip(*arguments, strict=True):
        await tx.lock("receipt", payment_id)
        tx.put("receipt", payment_id, tx.get("receipt", payment_id) | {"returned_by": return_id})
    return []


async def insert_remittances(tx, arguments):
    for remittance_id, client_id in zip(*arguments, strict=True):
        row = {"remittance_id": remittance_id, "client_id": client_id}
        await insert(tx, "remittance", remittance_id, row, may_stand=True)
    return []


def select_trust_account_countries(tx, arguments):
    return [
        {"trust_account_id": name, "country": read_state(row["state"])["country"]}
        for name in arguments[0]
        if (row := tx.get("trust_account", name)) is not None and row["state"] is not None
    ]


TWINS = {
    QUERIES.select_case_accounts_by_reference: select_case_accounts_by_reference,
    QUERIES.select_remittance_clients: select_remittance_clients,
    QUERIES.select_in_transit: select_in_transit,
    QUERIES.select_receipts_by_mark: select_receipts_by_mark,
    QUERIES.insert_receipts: insert_receipts,
    QUERIES.mark_receipts_returned: mark_receipts_returned,
    QUERIES.insert_remittances: insert_remittances,
    QUERIES.open_ledger_accounts: open_ledger_accounts,
    QUERIES.post_journals: post_journals,
    QUERIES.select_trust_account_countries: select_trust_account_countries,
    QUERIES.reconcile_statement: reconcile_statement,
}
