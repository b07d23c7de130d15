"""A bailiff's or lawyer's program: reads the files handed to him and answers with typed acts.

Nothing of the agency is imported: a Kafka client is enough. Delivery is at least once, so repeats are dropped by
`ce_id`; order holds per handoff. Every answer is dated by the message that it answers. What was read is kept as files.

    python examples/partner.py NAME --bootstrap HOST:PORT --user NAME --password ... --folder FOLDER
"""

import argparse
import asyncio
import json
import uuid
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

ACT = "legal.PartnerAct.v1"
ANSWERS = {  # by the type of the message: the act, and the field that dates it
    "legal.HandoffOrdered.v1": ("acknowledged", "ordered_at"),
    "legal.HandoffRecalled.v1": ("recalled", "recalled_at"),
}


def answer(kind: str, message: dict, name: str) -> dict | None:
    """He takes every file, and stops when told to. A payment, one taken back, or a type of tomorrow asks for no act."""
    if kind not in ANSWERS:
        return None
    act, dated_by = ANSWERS[kind]
    return {
        "handoff_id": message["handoff_id"],
        "act": act,
        "act_on": message[dated_by][:10],
        "partner_reference": f"{name}/{message['handoff_id'][:8]}",
        "cost_cents": 0,
    }


def headers_of(answered: str, name: str) -> list[tuple[str, bytes]]:
    """CloudEvents, Kafka binding, binary mode; the id follows from the message answered, so a repeat is one act."""
    act_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{answered}"))
    plain = {"ce_specversion": "1.0", "ce_id": act_id, "ce_source": name, "ce_type": ACT, "ce_causationid": answered}
    return [(key, value.encode()) for key, value in plain.items()]


async def started(make):
    """A client that is connected; a broker that is away, or a right that is not known there yet, is waited for."""
    for _ in range(120):
        client = make()
        try:
            await client.start()
        except KafkaError:
            await client.stop()
            await asyncio.sleep(0.5)
        else:
            return client
    raise SystemExit("the broker does not let us in: ask the agency")


async def run(name: str, bootstrap: str, user: str, password: str, folder: Path, prefix: str) -> None:
    """Read, answer, keep, commit: in this order, so that a crash repeats and loses nothing."""
    access = {"bootstrap_servers": bootstrap}
    if user:
        access |= {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-512"}
        access |= {"sasl_plain_username": user, "sasl_plain_password": password}
    consumer = await started(
        lambda: AIOKafkaConsumer(
            f"{prefix}legal.partner-{name}.v1", group_id=f"{prefix}{name}.files", auto_offset_reset="earliest",
            enable_auto_commit=False, **access,
        )
    )  # fmt: skip
    producer = await started(lambda: AIOKafkaProducer(enable_idempotence=True, **access))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        async for record in consumer:
            headers = {key: value.decode() for key, value in record.headers}
            kept = folder / f"{headers['ce_type'].split('.')[1]}-{headers['ce_id']}.json"
            message, is_new = json.loads(record.value), not kept.exists()
            if is_new and (act := answer(headers["ce_type"], message, name)):
                topic, sent = f"{prefix}legal.partner-{name}-acts.v1", json.dumps(act).encode()
                await producer.send_and_wait(topic, sent, key=record.key, headers=headers_of(headers["ce_id"], name))
            if is_new and "balance" in message:  # of an order, a payment, one taken back: what to ask for from now on
                (folder / f"asked-{message['handoff_id']}.json").write_text(json.dumps(message["balance"]))
            kept.write_bytes(record.value)
            await consumer.commit()
    finally:
        await asyncio.gather(consumer.stop(), producer.stop())


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("name", help="your name, as the agency agreed it with you")
    words.add_argument("--bootstrap", default="127.0.0.1:9094")
    words.add_argument("--user", default="")
    words.add_argument("--password", default="")
    words.add_argument("--folder", type=Path, default=Path("partner-files"))
    words.add_argument("--prefix", default="", help="before every topic and group; for tests")
    given = words.parse_args()
    asyncio.run(run(given.name, given.bootstrap, given.user, given.password, given.folder, given.prefix))
