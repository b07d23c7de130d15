"""The five services as one simulation: their real tables of handlers, with doubles of what is outside of them."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path

import chain_books
import chain_queries
from chain_mischief import MISCHIEF, Mischief, place_of
from chain_receivers import BankFolder, Mail, Printer, Receivers
from chain_world import FIRST_DAY, LAST_DAY, ChainWorld, local

from contracts.registry import CATALOGUE, topics_of
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
from testkit.simulation_service import CALL_FAULTS, DESK_FAULTS, SUBMIT_FAULTS

ROOT = Path(__file__).parents[2]
HARD = Severity(chance=0.25, most=120, chance_a_send=0.06, most_sends=25)
CHAIN_FAULTS = (*ALL_FAULTS, *SUBMIT_FAULTS, *CALL_FAULTS, *DESK_FAULTS, *MISCHIEF)
PARTNERS = load_partners()
LEGAL_TOPICS = topics_of("legal", tuple(partner.name for partner in PARTNERS))


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
        self.poison = []  # records that nobody can take
        self.damaged: dict[tuple[str, int, int], bytes] = {}  # by their place: what was told there
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
                told = self.damaged.get(place_of(record))
                yield record if told is None else replace(record, value=told), headers
