"""What must hold at the end of a life of the chain, each over everything that is stored, published and received."""

import json
from collections import Counter
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

import chain_books
from chain_queries import read_state

from common.ids import name_id
from contracts.registry import CATALOGUE, MESSAGES
from contracts.values import Segment
from dunning.domain.strategies import strategies
from testkit.simulation_statements import sequences_of

MOST_VERSIONS = 60
LAST = datetime.max.replace(tzinfo=UTC)
STOPS = {"dunning.HoldPlaced.v1", "dunning.DisputeFiled.v1", "dunning.AmicablePhaseEnded.v1"}
ENDED = "dunning.AmicablePhaseEnded.v1"


def check(life) -> Counter:
    """All of it; returns the conservation account. Raises AssertionError naming what is broken."""
    check_rest(life)
    conserved = check_conservation(life)
    check_order(life)
    check_sequences(life)
    check_claims(life)
    check_receivers(life)
    check_stops(life)
    check_books(life)
    check_money_is_known_alike(life)
    check_partners(life)
    return conserved


def check_rest(life):
    """Nothing is left: no outbox, no waiting room, no open call, no unanswered stranger, no alarm of the past."""
    for name, service in life.services.items():
        for table in ("outbox", "waiting", "outside_call"):
            assert not service.store.rows(table), f"{name}: {table} is not empty"
        assert not service.strangers, f"{name}: a stranger waits for an answer"
        due = service.next_due_at()
        assert due is None or due > life.simulation.now, f"{name}: an alarm was slept through"


def check_conservation(life) -> Counter:
    """Per service: inputs = applied + duplicates + parked + of no concern; what is parked is the poison, all of it."""
    total = Counter()
    for name, service in life.services.items():
        wanted = {model.type_name() for model in service.runner.wanted}
        inbox = {str(row["event_id"]): row["handler"] for row in service.store.rows("inbox")}
        desk = service.store.rows("dead_letter")
        poison = [
            poison.is_ours
            for poison in life.poison
            if poison.topic in service.consumer.topics
            and (poison.kind in {"unknown_type", "no_type"} or poison.type_name in wanted)
        ]
        settled = check_desk(life, service, wanted)
        assert len(desk) - settled["applied"] == len(poison), (
            f"{name}: {[(row['error_code'], row['error_message']) for row in desk]} {life.poison}"
        )
        assert settled["discarded"] == sum(poison), f"{name}: what stopped our own was thrown away"
        sums, seen = Counter(parked=len(poison)), set()
        for topic in service.consumer.topics:
            for record in life.simulation.broker.records(topic):
                sums["inputs"] += 1
                headers = {n: v.decode() for n, v in record.headers}
                if "ce_source" not in headers:
                    sums["no_concern"] += not is_poison_for(headers, wanted)
                elif headers["ce_type"] not in wanted:
                    sums["no_concern"] += 1
                elif (event := (headers["ce_id"], topic.endswith("-acts.v1"))) in seen:
                    sums["duplicates"] += 1
                else:
                    seen.add(event)
        ours = {event_id for event_id, is_foreign in seen if not is_foreign}
        acts = {(row["source"], row["id"]) for row in service.store.rows("inbox_foreign") if "-acts" in row["source"]}
        assert set(inbox) == ours, f"{name}: lost or invented events"
        assert len(acts) == len(seen) - len(ours), f"{name}: lost or invented acts"
        assert set(inbox.values()).isdisjoint({"parked", "waiting"}), f"{name}: something waits or is parked"
        sums["applied"] = len(seen)
        parts = ("applied", "duplicates", "parked", "no_concern")
        assert sums["inputs"] == sum(sums[part] for part in parts), f"{name}: {sums}"
        total += sums
        for foreign in service.store.rows("inbox_foreign"):
            told = [answer.status for answer in service.answers.get((foreign["source"], foreign["id"]), ())]
            is_told_to_wait = bool(settled) and {"waiting", "repeated"}.issuperset(told)  # behind a dead letter
            assert foreign["answer"] is not None or is_told_to_wait, f"{name}: a stranger was not answered"
        for answers in service.answers.values():
            first = answers[0]
            for again in answers[1:]:
                assert again.body == first.body, f"{name}: the same request, another answer"
    return total


def check_desk(life, service, wanted) -> Counter:
    """What was damaged on its way stood on the desk of whoever wants it, and was settled there; by how."""
    letters = {(row["source"], row["source_id"]): row for row in service.store.rows("dead_letter")}
    for topic, partition, offset in life.damaged:
        headers = dict(life.simulation.broker.logs[topic, partition][offset].headers)
        if topic in service.consumer.topics and headers["ce_type"].decode() in wanted:
            assert letters[topic, f"{partition}/{offset}"]["settled_as"] == "applied", f"{service.name}: not mended"
    return Counter(row["settled_as"] for row in letters.values() if row["settled_at"] is not None)


def check_order(life):
    """Each service applies what a topic told about one key in its order, whatever stood on the desk in between: what
    comes later is never written before (`after_commits`: how many transactions the service had committed by then). Not
    what the ledger asks itself: a receipt has the key of its bank account and waits for the case file that it is for.
    """
    for name, service in life.services.items():
        applied_after = {str(row["event_id"]): row["after_commits"] for row in service.store.rows("inbox")}
        last: dict[tuple[str, bytes], int] = {}
        for topic in service.consumer.topics - {"ledger.requests.v1"}:
            for record, headers in life.published(topic):
                at = applied_after.get(headers["ce_id"].decode())
                if at is not None:
                    assert at >= last.get((topic, record.key), 0), f"{name}: {topic} {record.key} out of order"
                    last[topic, record.key] = at


def is_poison_for(headers, wanted):
    return headers.get("ce_type", "") in wanted or headers.get("ce_type", "chain") not in KNOWN


KNOWN = {model.type_name() for model in MESSAGES.values()}


def check_sequences(life):
    """On every topic each key's events are numbered from 1, strictly one more each time; and no number is kept back."""
    for name, service in life.services.items():
        given = Counter()
        for thing in service.things:
            for row in service.store.rows(thing.name):
                given.update(sequences_of(row))
        told = Counter()
        for topic in [topic for topic in {t for t, _ in life.simulation.broker.logs} if owner(topic) == name]:
            for record, headers in life.published(topic):
                if "ce_sequence" in headers:
                    place = f"{topic}|{record.key.decode()}"
                    told[place] += 1
                    assert int(headers["ce_sequence"]) == told[place], f"{name}: {place} told out of order"
        assert told == given, f"{name}: numbers given and told"
        sent = {str(row["id"]) for row in service.store.rows("outbox_sent")}
        assert len(sent) == len(service.store.rows("outbox_sent")), f"{name}: filed twice"


def owner(topic):
    return CATALOGUE.topic(topic).owner


def existing(service, table):
    return {row["key"]: read_state(row["state"]) for row in service.store.rows(table) if row["state"] is not None}


def check_claims(life):
    """Every accepted claim stands in exactly one case file, the same in intake, dunning and the ledger."""
    accepted = {row["claim_id"]: row["case_file_id"] for row in life.services["intake"].store.rows("claim")}
    answered = [a for answers in life.services["intake"].answers.values() for a in answers]
    told = {UUID(a.body["claim_id"]): UUID(a.body["case_file_id"]) for a in answered if "claim_id" in a.body}
    assert told == accepted, "what clients were told is where their claims are"
    for name, table, claim_of in (
        ("intake", "case_file", lambda claim: claim["claim_id"]),
        ("dunning", "case_file", lambda claim: claim["terms"]["claim_id"]),
        ("ledger", "case_account", lambda claim: claim["claim_id"]),
    ):
        places = [
            (UUID(claim_of(claim)), key)
            for key, state in existing(life.services[name], table).items()
            for claim in state["claims"]
        ]
        assert len(places) == len(accepted), f"{name}: {len(places)} places of {len(accepted)} claims"
        assert dict(places) == accepted, f"{name}: claims in other case files"


@lru_cache(maxsize=100)
def steps_of(case_file_id, segment):
    """Which step of the file each message id names."""
    return {
        name_id("message", case_file_id, step.name, version): step.name
        for step in strategies()[Segment(segment)].steps
        for version in range(1, MOST_VERSIONS)
    }


def check_receivers(life):
    """No message reached its receiver twice, and no step of a case file did so by two messages."""
    received = Counter(accepted.message_id for accepted in life.receivers.accepted)
    assert not [m for m, times in received.items() if times > 1], "a message reached its receiver twice"
    files = existing(life.services["dunning"], "case_file")
    known = {m: (key, step) for key, state in files.items() for m, step in steps_of(key, state["segment"]).items()}
    steps = Counter(known[message_id] for message_id in received)
    again = {known[accepted.message_id] for accepted in life.receivers.accepted if may_repeat(life, accepted)}
    assert not [step for step, times in steps.items() if times > 1 and step not in again], "a step was taken twice"
    told = Counter(
        UUID(json.loads(record.value)["message_id"])
        for record, headers in life.published("notifications.messages.v1")
        if headers["ce_type"] == b"notifications.MessageSent.v1"
    )
    assert all(times == 1 for times in told.values()), "a delivery was told twice"
    assert set(told) <= set(received), "a delivery was told that no receiver knows"


def may_repeat(life, accepted):
    """A notice that came back, or left just before a claim joined its file, is without effect: its step begins anew."""
    files = existing(life.services["dunning"], "case_file").values()
    return any(n["message_id"] == str(accepted.message_id) and n["is_void"] for file in files for n in file["notices"])


def check_stops(life):
    """After the fold that learned of payment, dispute or hold: dunning orders nothing, and nothing leaves at a later
    instant of the clock, for the clock moves only when all is quiet.
    """
    stopped: dict[UUID, dict[str, datetime]] = {}
    rested: dict[UUID, list[tuple[datetime, datetime]]] = {}
    sent = sorted(life.services["dunning"].store.rows("outbox_sent"), key=lambda row: row["seq"])
    case_file_of: dict[UUID, UUID] = {}
    for row in sent:
        key, kind = UUID(row["key"].decode()), json.loads(row["headers"])["ce_type"]
        if kind in STOPS:
            stopped.setdefault(key, {}).setdefault(kind, row["created_at"])
        if kind == "intake.ReopenCaseFile.v1" and ENDED in stopped.get(key, {}):
            rested.setdefault(key, []).append((stopped[key].pop(ENDED), row["created_at"]))
        if kind == "notifications.SendMessage.v1":
            assert not stopped.get(key), f"{key}: ordered a message after it had to stop"
            case_file_of[UUID(json.loads(row["payload"])["message_id"])] = key
    for accepted in life.receivers.accepted:
        key = case_file_of[accepted.message_id]
        rests = [*rested.get(key, ()), *((since, LAST) for since in stopped.get(key, {}).values())]
        for since, until in rests:
            assert not since < accepted.at < until, f"{key}: a {accepted.medium} left after the file had stopped"


def check_books(life):
    """Every journal sums to zero; the trust account is what is owed to others, and what the bank says."""
    store = life.services["ledger"].store
    per_journal, accounts = Counter(), store.tables.get("ledger_account", {})
    for (journal, _), line in store.tables.get("line", {}).items():
        per_journal[journal] += line["cents"]
    assert set(per_journal) == set(store.tables.get("journal", {})), "a journal without lines"
    assert not [key for key, cents in per_journal.items() if cents], "a journal does not sum to zero"
    lines = store.rows("line")
    for entity_id, country in ((1, "NL"), (2, "BE")):
        book = life.world.books[country]
        sums = chain_books.sums_of(lines, accounts, entity_id)
        places = Counter()
        for code, cents in sums.items():
            places[accounts[code]["reconciles_as"]] += cents
            if not accounts[code]["is_hot"]:
                assert store.tables["balance"][code]["posted_cents"] == cents, f"{code}: balance and lines differ"
        assert places["bank"] == book.balance_cents, (
            f"{country}: the bank says {book.balance_cents}, the books {places}"
        )
        owed = places["obligation"] + places["in_transit"] + places["agency"] - places["shortfall"]
        assert places["bank"] == owed, f"{country}: the trust account is not what is owed: {places}"
    kinds = Counter(headers["ce_type"] for _, headers in life.published("ledger.trust-accounts.v1"))
    statements = life.world.done["statements"]
    assert kinds[b"ledger.StatementHeld.v1"] == kinds[b"ledger.TrustInvariantBroken.v1"] == 0, kinds
    assert kinds[b"ledger.TrustInvariantHeld.v1"] == statements, kinds
    paid = life.world.done["paid"]
    receipts = sum(row["kind"] == "receipt" for row in store.rows("journal"))
    assert receipts <= paid, "a receipt was invented"


def check_money_is_known_alike(life):
    """Dunning knows the payments of the ledger, cent by cent; intake closed what the ledger calls paid."""
    accounts = existing(life.services["ledger"], "case_account")
    files, closed = existing(life.services["dunning"], "case_file"), existing(life.services["intake"], "case_file")
    allocated, answered, reversed_ = Counter(), set(), 0
    for record, headers in life.published("ledger.case-files.v1"):
        message, kind = json.loads(record.value), headers["ce_type"].decode()
        key = UUID(message["case_file_id"])
        if kind in {"ledger.PaymentAllocated.v1", "ledger.PaymentReversed.v1"}:
            allocated[key] += sum(
                cents for part in message["parts"] for name, cents in part.items() if name.endswith("_cents")
            )
        if kind == "ledger.PaymentReversed.v1":
            reversed_ += 1
            if message["open_cents"]:
                answered.discard(key)
                life.world.done["reopened"] += 1
        elif kind == "ledger.CaseFilePaid.v1":
            assert key not in answered, f"{key}: paid twice"
            answered.add(key)
    for key, state in files.items():
        assert sum(p["amount_cents"] for p in state["payments"]) == allocated[key], f"{key}: other payments known"
        assert (state["paid_on"] is None) == (accounts[key]["paid_on"] is None), f"{key}: paid for one of both"
        assert (closed[key]["closed_on"] is None) == (state["paid_on"] is None), f"{key}: closed for one of both"
    assert answered == {key for key, state in files.items() if state["paid_on"]}
    taken = sum(row["returned_by"] is not None for row in life.services["ledger"].store.rows("receipt"))
    assert taken == reversed_ == life.world.done["reversed"], "what the bank took back is taken off its file, once"


def check_partners(life):
    """Every partner got each order once, and a recall once for each time that it was paid; a recall only for what he
    has, and nothing that is paid.
    """
    orders, recalls = Counter(), Counter()
    for topic in {t for t, _ in life.simulation.broker.logs if t.startswith("legal.partner-") and "-acts" not in t}:
        for record, headers in life.published(topic):
            if headers["ce_type"] in {b"legal.PartPaymentReceived.v1", b"legal.PartPaymentReversed.v1"}:
                continue
            kept = orders if headers["ce_type"] == b"legal.HandoffOrdered.v1" else recalls
            kept[UUID(record.key.decode())] += 1
    assert all(times == 1 for times in orders.values()), "ordered twice"
    assert all(times <= 1 + life.world.done["reopened"] for times in recalls.values()), "recalled twice"
    assert set(recalls) <= set(orders), "recalled what was not ordered"
    for key, state in existing(life.services["legal"], "procedure").items():
        if state["handoff"] is not None and state["paid_on"] is not None:
            was_with_him = state["handoff"]["standing"] in {"recall_ordered", "recalled", "recall_too_late"}
            assert was_with_him or state["handoff"]["standing"] == "refused", f"{key}: paid, and not recalled"


# --- the same business, with and without faults ----------------------------------------------------------------------

LEFT_OUT = {
    "token", "reference_number",  # drawn by the database, also by a transaction that is rolled back
    "attempts",  # a call that a crash cut off is made again
    "id", "hash",  # of rows; the hash of a journal follows from what is compared
}  # fmt: skip
ORDERED = {"claims", "charges", "shares", "payments", "notices", "holds", "interest", "messages", "letters", "contacts"}


def business(life):
    """What the services and the outside know at the end, in a form that two lives of one world have in common: without
    what is drawn or counted technically, instants as their day, lists of facts in a fixed order.
    """
    services = life.services
    states = {
        f"{name}.{thing.name}": {str(key): plain(state) for key, state in existing(service, thing.name).items()}
        for name, service in services.items()
        for thing in service.things
    }
    books = services["ledger"].store
    told = Counter()
    for topic in sorted({topic for topic, _ in life.simulation.broker.logs}):
        for record, headers in life.published(topic):
            told[topic, record.key.decode(), headers["ce_type"].decode()] += 1
    return states | {
        "claims": sorted((str(r["claim_id"]), str(r["case_file_id"])) for r in services["intake"].store.rows("claim")),
        "journals": {
            str(key): {name: plain(value) for name, value in row.items() if name not in LEFT_OUT}
            for key, row in books.tables.get("journal", {}).items()
        },
        "lines": {f"{key} {n}": (r["code"], r["cents"]) for (key, n), r in books.tables.get("line", {}).items()},
        "balances": dict(books.tables.get("balance", {})),
        "reconciliations": {str(key): row for key, row in books.tables.get("reconciliation", {}).items()},
        "register": sorted(
            (str(r["message_id"]), r["outcome"], r["medium"]) for r in services["notifications"].store.rows("delivery")
        ),
        "receipts": sorted(
            (str(r["case_file_id"]), str(r["decided_at"].date()), r["decision"], r["outcome"])
            for r in services["dunning"].store.rows("decision_receipt")
        ),
        "received": sorted((str(a.message_id), a.medium, str(a.at.date())) for a in life.receivers.accepted),
        "orders": sorted((str(name), order.amount_cents) for name, order in life.receivers.orders.items()),
        "told": dict(told),
    }


def plain(value):
    match value:
        case dict():
            return {name: in_order(name, plain(one)) for name, one in value.items() if name not in LEFT_OUT}
        case list() | tuple():
            return [plain(one) for one in value]
        case str() if len(value) > 18 and value[10:11] == "T" and value[:4].isdigit():
            return value[:10]
        case str() | int() | float() | bool() | None:
            return value
        case _:
            return str(value)


def in_order(name, value):
    return sorted(value, key=lambda one: json.dumps(one, sort_keys=True)) if name in ORDERED and value else value


def differences(one, other, path=""):
    """Where two of them differ, in words."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            found
            for name in sorted({*one, *other}, key=str)
            for found in differences(one.get(name), other.get(name), f"{path}/{name}")
        ]
    return [] if one == other else [f"{path}: {one!r} != {other!r}"]
