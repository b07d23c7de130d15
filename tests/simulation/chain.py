"""The five services as one simulation: their real tables of handlers, with doubles of what is outside of them."""

import random
import uuid
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path

import chain_books
import chain_queries
from chain_receivers import BankFolder, Mail, Printer, Receivers
from chain_world import FIRST_DAY, LAST_DAY, ChainWorld, local

from contracts.registry import CATALOGUE, MESSAGES, topics_of
from dunning.consumers import TOPICS as DUNNING_TOPICS
from dunning.consumers import consumers as dunning_consumers
from dunning.domain.agency import read_agency
from dunning.domain.composer import House
from intake.consumers import CONSUMERS as INTAKE
from ledger.consumers import CONSUMERS as LEDGER
from legal.consumers import consumers as legal_consumers
from legal.procedures.partner_list import load_partners
from notifications.app import TOPICS as NOTIFICATIONS_TOPICS
from notifications.consumers import CONSUMERS as NOTIFICATIONS
from testkit.simulation import ALL_FAULTS, CALM, Severity, Simulation
from testkit.simulation_service import CALL_FAULTS, SUBMIT_FAULTS

ROOT = Path(__file__).parents[2]
HARD = Severity(chance=0.25, most=120, chance_a_send=0.06, most_sends=25)
POISON = ("not_json", "no_value", "nul", "unknown_type", "no_type", "wrong_key")
CHAIN_FAULTS = (*ALL_FAULTS, *SUBMIT_FAULTS, *CALL_FAULTS, "ordered_again", *(f"poison_{kind}" for kind in POISON))
PARTNERS = load_partners()
LEGAL_TOPICS = topics_of("legal", tuple(partner.name for partner in PARTNERS))
A_TYPE_OF = {  # a message of each topic that is consumed
    topic: min(name for name, model in MESSAGES.items() if model.topic == topic)
    for topic in {model.topic for model in MESSAGES.values()}
}


@cache
def agency():
    return read_agency((ROOT / "agency.toml").read_text("utf-8"))


@cache
def tables_of_handlers():
    """Of each service its consumers and the topics it reads."""
    return {
        "intake": (INTAKE, topics_of("intake")),
        "dunning": (dunning_consumers(House(agency=agency(), dispute_url="https://x.example")), DUNNING_TOPICS),
        "notifications": (NOTIFICATIONS, NOTIFICATIONS_TOPICS),
        "ledger": (LEDGER, topics_of("ledger")),
        "legal": (legal_consumers(PARTNERS), LEGAL_TOPICS),
    }


class Life:
    """One seed of the chain: the simulation, who is around it, and what disturbs it."""

    def __init__(self, seed, *, severity=HARD, is_hurried=False):
        self.seed = seed
        now = datetime.combine(FIRST_DAY, time(5), UTC) - timedelta(days=1)
        self.simulation = Simulation(seed, now=now, severity=severity)
        self.receivers = Receivers(self.simulation)
        self.services = {name: self.add(name) for name in tables_of_handlers()}
        self.world = ChainWorld(self.simulation, self.receivers, agency(), seed=seed, is_hurried=is_hurried)
        self.simulation.outside = Mischief(self) if severity is not CALM else self.world
        self.poison: list[tuple[str, str, str]] = []  # topic, type, kind
        self.forged: set[bytes] = set()  # ids under which something was ordered again

    def add(self, name):
        receivers, (consumers, topics) = self.receivers, tables_of_handlers()[name]
        channels = {
            "notifications": {
                "smtp": Mail(receivers, "email"), "twilio": Mail(receivers, "sms"), "print": Printer(receivers)
            },
            "ledger": {"payment_file": BankFolder(receivers)},
        }.get(name)  # fmt: skip
        return self.simulation.add(
            name,
            catalogue=CATALOGUE,
            topics=topics,
            consumers=consumers,
            channels=channels,
            queries=chain_books.TWINS if name == "ledger" else chain_queries.TWINS[name],
            defaults=chain_queries.drawn_by(name, self.seed),
        )

    async def live(self):
        await self.simulation.run(until=local(LAST_DAY, time(20)))
        return self

    def published(self, topic):
        """What the services told on a topic, with its headers, each once, in the order of its partitions."""
        seen = set(self.forged)
        for record in self.simulation.broker.records(topic):
            headers = dict(record.headers)
            if "ce_source" in headers and headers["ce_id"] not in seen:
                seen.add(headers["ce_id"])
                yield record, headers


class Mischief:
    """The world, and what nobody wanted: poison on every topic, and orders that come again under another id."""

    def __init__(self, life):
        self.life, self.world = life, life.world
        self.rng = random.Random(f"mischief {life.seed}")  # noqa: S311  a seed, no secret
        topics = sorted({t for service in life.services.values() for t in service.consumer.topics})
        days = [FIRST_DAY + timedelta(days=self.rng.randint(0, 60)) for _ in range(6)]
        self.planned = sorted((local(day, time(11, 11)), n) for n, day in enumerate(days))
        self.topics = [self.rng.choice(topics) for _ in days]

    def next_at(self):
        return min(
            (at for at in (self.world.next_at(), self.planned[0][0] if self.planned else None) if at), default=None
        )

    def act(self, *, is_quiet):
        if self.planned and self.planned[0][0] <= self.life.simulation.now:
            _, number = self.planned.pop(0)
            if number < 4:
                self.put_poison(self.topics[number], self.rng.choice(POISON))
            else:
                self.order_again()
            return True
        return self.world.act(is_quiet=is_quiet)

    def put_poison(self, topic, kind):
        """A record that nobody can take, under the key of a stranger: it would stop the key that it names."""
        simulation = self.life.simulation
        known = CATALOGUE.topic(topic)
        type_name = MESSAGES[A_TYPE_OF[known.name]].type_name()
        event_id, key = (str(uuid.UUID(int=self.rng.getrandbits(128), version=4)).encode() for _ in range(2))
        headers = [("ce_id", event_id), ("ce_type", type_name.encode())]
        value = b"{}"
        match kind:
            case "not_json":
                value = b"{"
            case "no_value":
                value = None
            case "nul":
                value = b'{"text": "\\u0000"}'
            case "unknown_type":
                headers = [headers[0], ("ce_type", b"chain.Unheard.v9")]
            case "no_type":
                headers = headers[:1]
            case "wrong_key":
                old = [r for r in simulation.broker.records(topic) if dict(r.headers).get("ce_type") == headers[1][1]]
                value = old[0].value if old else b"{}"
        simulation.broker.append(topic, key, value, headers)
        simulation.faults[f"poison_{kind}"] += 1
        self.life.poison.append((topic, type_name, kind))

    def order_again(self):
        """An order to notifications under another id, as after a mend by hand: its inbox does not know it."""
        simulation = self.life.simulation
        orders = [
            record
            for record in simulation.broker.records("notifications.requests.v1")
            if dict(record.headers).get("ce_type") == b"notifications.SendMessage.v1"
            and b"blocks" in (record.value or b"")
        ]
        if not orders:
            return
        record = self.rng.choice(orders)
        event_id = str(uuid.UUID(int=self.rng.getrandbits(128), version=4)).encode()
        headers = [(name, event_id if name == "ce_id" else value) for name, value in record.headers]
        simulation.broker.append(record.topic, record.key, record.value, headers)
        simulation.faults["ordered_again"] += 1
        self.life.forged.add(event_id)
