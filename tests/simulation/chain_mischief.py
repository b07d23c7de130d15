"""What nobody wanted: records that nobody can take, under the keys of strangers and of our own files; records that are
damaged on their way; orders that come again under another id. And somebody at the desk, who mends what can be mended.
"""

import random
import uuid
from dataclasses import dataclass, replace
from datetime import time, timedelta

from chain_world import FIRST_DAY, LAST_DAY, local

from contracts.registry import CATALOGUE, MESSAGES
from testkit.simulation_desk import ask, open_letters

POISON = ("not_json", "no_value", "nul", "unknown_type", "no_type", "wrong_key")
DAMAGE = {"cut": lambda value: value[: len(value) // 2], "emptied": lambda _: None, "bare": lambda _: b"{}"}
AT_THE_DESK = ("mended", "tried_as_it_is", "discarded")
LAST_LOOK = local(LAST_DAY, time(10))
MISCHIEF = (
    "ordered_again", "damaged_again", *(f"poison_{kind}" for kind in POISON), *(f"damaged_{kind}" for kind in DAMAGE),
    "poison_of_ours", *(f"desk_{deed}" for deed in AT_THE_DESK),
)  # fmt: skip
A_TYPE_OF = {  # a message of each topic that is consumed
    topic: min(name for name, model in MESSAGES.items() if model.topic == topic)
    for topic in {model.topic for model in MESSAGES.values()}
}


@dataclass(frozen=True, kw_only=True)
class Poison:
    """A record that nobody can take; `is_ours`: under the key of a thing of ours, which it stops."""

    place: tuple[str, int, int]
    topic: str
    type_name: str
    kind: str
    is_ours: bool


def place_of(record):
    return record.topic, record.partition, record.offset


class Mischief:
    """The world, and what nobody wanted in it."""

    def __init__(self, life):
        self.life, self.world = life, life.world
        self.rng = random.Random(f"mischief {life.seed}")  # noqa: S311  a seed, no secret
        self.topics = sorted({t for service in life.services.values() for t in service.consumer.topics})
        often = {self.put_poison: 5, self.order_again: 2, self.damage_next: 5, self.damage_again: 2}
        self.deeds = [deed for deed, times in often.items() for _ in range(times)]
        days = [FIRST_DAY + timedelta(days=self.rng.randint(0, self.rng.choice((3, 60)))) for _ in self.deeds]
        self.planned = sorted((local(day, time(11, 11)), n) for n, day in enumerate(days))
        self.to_damage = 0  # records that will be damaged on their way
        self.tried = set()  # letters of which something was asked before
        life.simulation.broker.on_its_way = self.on_its_way

    def next_at(self):
        instants = [self.world.next_at(), self.planned[0][0] if self.planned else None]
        instants += [self.looked_at(service, key, letter) for service, key, letter, _ in self.letters()]
        return min((at for at in instants if at is not None), default=None)

    def act(self, *, is_quiet):
        if self.planned and self.planned[0][0] <= self.life.simulation.now:
            _, number = self.planned.pop(0)
            self.deeds[number]()
            return True
        if (is_quiet or self.rng.random() < 0.05) and self.work_at_the_desk():
            return True
        return self.world.act(is_quiet=is_quiet)

    # --- what is wrong -------------------------------------------------------------------------------------

    def put_poison(self):
        """A record that nobody can take. Under the key of a stranger it stays on the desk; under one of ours, which it
        stops, it is discarded.
        """
        simulation, topic = self.life.simulation, self.rng.choice(self.topics)
        kind = self.rng.choice(POISON)
        known = CATALOGUE.topic(topic)
        type_name = MESSAGES[A_TYPE_OF[known.name]].type_name()
        event_id, key = (str(uuid.UUID(int=self.rng.getrandbits(128), version=4)).encode() for _ in range(2))
        ours = self.told_on(topic)
        is_ours = bool(ours) and kind != "wrong_key" and self.rng.random() < 0.5
        if is_ours:
            key = self.rng.choice(ours).key
            simulation.faults["poison_of_ours"] += 1
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
                old = [r for r in ours if dict(r.headers).get("ce_type") == headers[1][1]]
                value = old[0].value if old else b"{}"
        record = simulation.broker.append(topic, key, value, headers)
        simulation.faults[f"poison_{kind}"] += 1
        place = place_of(record)
        self.life.poison.append(Poison(place=place, topic=topic, type_name=type_name, kind=kind, is_ours=is_ours))

    def told_on(self, topic):
        """What services of ours told there, and is whole."""
        if topic.startswith("legal.partner-"):
            return []
        records = self.life.simulation.broker.records(topic)
        return [r for r in records if "ce_source" in dict(r.headers) and place_of(r) not in self.life.damaged]

    def order_again(self):
        """An order to notifications under another id, as after a mend by hand: its inbox does not know it."""
        simulation = self.life.simulation
        orders = [
            record
            for record in self.told_on("notifications.requests.v1")
            if dict(record.headers).get("ce_type") == b"notifications.SendMessage.v1" and b"blocks" in record.value
        ]
        if not orders:
            return
        record = self.rng.choice(orders)
        event_id = str(uuid.UUID(int=self.rng.getrandbits(128), version=4)).encode()
        headers = [(name, event_id if name == "ce_id" else value) for name, value in record.headers]
        simulation.broker.append(record.topic, record.key, record.value, headers)
        simulation.faults["ordered_again"] += 1
        self.life.forged.add(event_id)

    def damage_next(self):
        self.to_damage += self.rng.choice((1, 1, 2, 4))

    def damage_again(self):
        """What was told and taken long ago comes again, damaged."""
        told = self.told_on(self.rng.choice(self.topics))
        if told:
            record = self.rng.choice(told)
            self.to_damage += 1
            self.life.simulation.broker.append(record.topic, record.key, record.value, record.headers)
            self.life.simulation.faults["damaged_again"] += 1

    def on_its_way(self, record):
        """The next record of ours arrives damaged, when that is planned."""
        if not self.to_damage or record.topic not in self.topics or record.topic.startswith("legal.partner-"):
            return record
        if "ce_source" not in dict(record.headers):
            return record
        self.to_damage -= 1
        kind = self.rng.choice(list(DAMAGE))
        self.life.damaged[place_of(record)] = record.value
        self.life.simulation.faults[f"damaged_{kind}"] += 1
        return replace(record, value=DAMAGE[kind](record.value))

    # --- who mends it --------------------------------------------------------------------------------------

    def work_at_the_desk(self):
        """Ask something of one letter about a thing of ours; whether there was one."""
        for service, key, letter, value in self.letters():
            if self.looked_at(service, key, letter) > self.life.simulation.now:
                continue
            if value is None:
                deed, asked = "discarded", {"asked_as": "discard"}
            elif (service.name, key) not in self.tried and self.rng.random() < 0.3:
                deed, asked = "tried_as_it_is", {"asked_as": "redrive"}
            else:
                deed, asked = "mended", {"asked_as": "redrive", "edited_value": value}
            self.tried.add((service.name, key))
            self.life.simulation.faults[f"desk_{deed}"] += 1
            ask(service.store, key, **asked)
            return True
        return False

    def letters(self):
        """Open letters that can be settled, with what was told where something was damaged, and None for poison."""
        told = {poison.place: None for poison in self.life.poison if poison.is_ours} | self.life.damaged
        for service in self.life.services.values():
            for key, letter in open_letters(service.store):
                partition, _, offset = letter["source_id"].partition("/")
                place = letter["source"], int(partition), int(offset)
                if place in told and not letter.get("asked_as"):
                    yield service, key, letter, told[place]

    def looked_at(self, service, key, letter):
        """When somebody looks at a letter: at once in a calm world, where nothing may come late of it; after hours or
        days in a hurried one.
        """
        if not self.world.is_hurried:
            return letter["failed_at"]
        dice = random.Random(f"{self.life.seed} {service.name} {key}")  # noqa: S311  a seed, no secret
        return min(letter["failed_at"] + timedelta(hours=dice.choice((0, 0, 3, 20, 50))), LAST_LOOK)
