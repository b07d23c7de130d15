"""A life of a small service under every fault, and what must have come of it by the simplest rule there is."""

import json
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

from testkit import toy
from testkit.simulation import SimService, Simulation
from testkit.simulation_statements import sequences_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
IN, OUT = "toy.requests.v1", "toy.counters.v1"
ODD_HEADERS = {"null_header": None, "binary_header": b"\xff"}  # harmless, and must stay so
POISON = ("not_json", "no_value", "nul", "unknown_type", "no_type", "wrong_key")


def headers_of(message, event_id):
    return [("ce_id", str(event_id).encode()), ("ce_type", message.type_name().encode())]


class World:
    """What is put on the topic, and what must come of it: written down beside, by the simplest rule there is."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation, self.rng = simulation, simulation.rng
        self.messages: dict[uuid.UUID, object] = {}  # event id -> message
        self.repeats, self.poison = 0, Counter()

    def put(self, message, event_id=None, *, is_good=True, **other):
        event_id = event_id or uuid.UUID(int=self.rng.getrandbits(128), version=4)
        record = {
            "key": str(message.counter_id).encode(),
            "value": message.model_dump_json().encode(),
            "headers": headers_of(message, event_id),
        } | other
        self.simulation.broker.append(IN, record["key"], record["value"], record["headers"])
        if is_good:
            if event_id in self.messages:
                self.repeats += 1
            self.messages[event_id] = message

    def put_poison(self, kind, key):
        message = toy.AddToCounter(counter_id=key, number=5, text="x")
        good = headers_of(message, uuid.UUID(int=self.rng.getrandbits(128), version=4))
        self.put(
            message,
            is_good=False,
            **{
                "not_json": {"value": b"{"}, "no_value": {"value": None}, "nul": {"value": b'{"text": "\\u0000"}'},
                "unknown_type": {"headers": [good[0], ("ce_type", b"toy.Unheard.v9")]},
                "no_type": {"headers": good[:1]}, "wrong_key": {"key": b"another"},
            }[kind],
        )  # fmt: skip
        self.poison[kind] += 1

    def odd_headers(self, line, event_id):
        kind = self.rng.choice((None, None, None, None, None, *ODD_HEADERS))
        if kind is None:
            return {}
        self.poison[kind] += 1
        return {"headers": [*headers_of(line, event_id), ("x", ODD_HEADERS[kind])]}

    def fill(self):
        rng = self.rng
        keys = self.keys = [uuid.UUID(int=rng.getrandbits(128), version=4) for _ in range(5)]
        lines = [toy.OpenCounter(counter_id=key) for key in keys]
        lines += [toy.AddToCounter(counter_id=rng.choice(keys), number=rng.randint(1, 9)) for _ in range(18)]
        rng.shuffle(lines)  # some are counted before they are opened
        for line in lines:
            self.put(
                line, event_id := uuid.UUID(int=rng.getrandbits(128), version=4), **self.odd_headers(line, event_id)
            )
            if rng.random() < 0.2:
                event_id = rng.choice(list(self.messages))
                self.put(self.messages[event_id], event_id=event_id)

    def fill_when_all_is_due(self):
        """The same rows at once for messages and for alarms; and what nobody can take."""
        rng, keys = self.rng, self.keys
        for _ in range(10):
            self.put(toy.AddToCounter(counter_id=rng.choice(keys), number=rng.randint(1, 9)))
        stranger = uuid.UUID(int=rng.getrandbits(128), version=4)  # bad records stop the key that they name
        for kind in rng.sample(POISON, 2):
            self.put_poison(kind, stranger)
        self.put(toy.AddToCounter(counter_id=rng.choice(keys), number=rng.choice((0, 5000))))  # one refused at the end
        self.put(toy.AddToCounter(counter_id=rng.choice(keys), number=3))


def expected(world: World):
    """Per counter: the totals that it must tell, in order; and the events that are parked or wait behind one."""
    records, seen = world.simulation.broker.records(IN), set()
    per_key: dict[uuid.UUID, list[tuple[uuid.UUID, object]]] = {}
    for record in records:
        event_id = next((uuid.UUID(v.decode()) for n, v in record.headers if n == "ce_id"), None)
        if event_id in world.messages and event_id not in seen:
            seen.add(event_id)
            message = world.messages[event_id]
            per_key.setdefault(message.counter_id, []).append((event_id, message))
    totals, parked, waiting = {}, set(), set()
    for key, messages in per_key.items():
        total, told, is_blocked, is_open = 0, [], False, False
        for event_id, message in messages:
            if is_blocked:
                waiting.add(event_id)
            elif isinstance(message, toy.OpenCounter):
                is_open = True
            elif message.number in {0, 5000}:
                parked.add(event_id)
                is_blocked = True
            else:
                total += message.number
                told.append(total)
        assert is_open
        totals[key] = told
    return totals, parked, waiting


def is_within(row) -> bool:
    return row["state"] is None or json.loads(row["state"])["total"] < 1000


def check(world: World, service: SimService, seed: int) -> Counter:
    """The invariants, each over everything that is stored and published."""
    totals, parked, waiting = expected(world)
    inbox = {row["event_id"]: row["handler"] for row in service.store.rows("inbox")}
    desk = service.store.rows("dead_letter")
    assert set(inbox) == set(world.messages), f"seed {seed}: lost or invented events"
    assert {e for e, h in inbox.items() if h == "parked"} == parked, f"seed {seed}: what is parked"
    assert {e for e, h in inbox.items() if h == "waiting"} == waiting, f"seed {seed}: what waits"
    assert len(service.store.rows("waiting")) == len(waiting), f"seed {seed}: the waiting room"
    assert len(desk) == len(parked) + sum(world.poison[kind] for kind in POISON), f"seed {seed}: dead letters"
    conserve = Counter(
        inputs=len(world.simulation.broker.records(IN)),
        applied=len(inbox) - len(parked) - len(waiting),
        duplicates=world.repeats, parked=len(desk), waiting=len(waiting),
    )  # fmt: skip
    assert conserve["inputs"] == sum(conserve[n] for n in ("applied", "duplicates", "parked", "waiting")), conserve
    observed: dict[uuid.UUID, list[tuple[int, int]]] = {}
    first, published = set(), world.simulation.broker.records(OUT)
    for record in published:
        headers = dict(record.headers)
        if headers["ce_id"] not in first:
            first.add(headers["ce_id"])
            told = json.loads(record.value)["total"]
            observed.setdefault(uuid.UUID(record.key.decode()), []).append((int(headers["ce_sequence"]), told))
    for key, told in totals.items():
        assert observed.get(key, []) == list(enumerate(told, start=1)), f"seed {seed}: effects of {key} in order, once"
    sent = {str(row["id"]).encode() for row in service.store.rows("outbox_sent")}
    assert sent == first, f"seed {seed}: filed and published are the same"
    assert not service.store.rows("outbox")
    for key, row in service.store.tables["counter"].items():
        numbers = sequences_of(row)
        assert numbers.get(f"{OUT}|{key}", 0) == len(totals[key]), f"seed {seed}: numbers given"
        assert row["due_at"] is None, f"seed {seed}: everything rests in the end"
        assert row["key"] in {r["thing_key"] for r in desk} or json.loads(row["state"])["rests_at"] is None
    return conserve + Counter(published_again=len(published) - len(first))


async def live(seed: int) -> tuple[Counter, Counter]:
    simulation = Simulation(seed, now=NOW)
    service = simulation.add(
        "toy", catalogue=toy.CATALOGUE, topics=[IN], consumers=toy.CONSUMERS, checks={"counter": is_within}
    )
    world = World(simulation)
    world.fill()
    await simulation.run(until=NOW + timedelta(hours=12))
    simulation.move_to(NOW + timedelta(days=2))
    world.fill_when_all_is_due()
    await simulation.run(until=NOW + timedelta(days=30))
    return check(world, service, seed), simulation.faults + Counter({f"poison_{k}": n for k, n in world.poison.items()})
