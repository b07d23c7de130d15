"""Claims a second from a client's file at intake to the notice accepted by the mail server, the whole platform running.

Run by `./quittance bench end-to-end`: five services, Kafka, PostgreSQL (`fsync` on) and the mail server, all on this
machine. A file is put at intake and every case file of it planned; then the clocks are moved to the hour at which its
notices go, and the last mail is awaited. Both spans are the system's time and count together. The median of the rounds
counts. Beside it stand the mail server alone and intake alone; the table also says
what a claim costs each process in processor time, and how much of the machine was used.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from _limits import bare_mails_a_second
from _platform import Scene, a_scene
from _stand import Figure, arguments, report, say, servers

from local_stack.platform import SERVICES

GOAL, FLOOR = 1_000, 300
OTHERS = tuple(service for service in SERVICES if service != "intake")


@dataclass(frozen=True, kw_only=True)
class Round:
    """One file from end to end, in seconds: until intake answered, until all was planned, and from the hour of sending
    to the last mail; `cost` is processor time by part.
    """

    claims: int
    answering: float
    planning: float
    sending: float
    cost: dict[str, float]

    @property
    def rate(self) -> float:
        """Claims a second over both spans."""
        return self.claims / (self.planning + self.sending)

    @property
    def used(self) -> float:
        """Which part of the machine's processor time was used for it."""
        return sum(self.cost.values()) / (self.planning + self.sending) / (os.cpu_count() or 1)


async def play_round(scene: Scene, claims: int) -> Round:
    """Put one file at intake; when all of it is planned, let the hour of sending come."""
    body, waiting, mails = scene.csv_of(claims), scene.planned(), scene.mails()
    cost_before, started = scene.processor_seconds(), time.perf_counter()
    results = await asyncio.to_thread(scene.post_file, body)
    assert len(results) == claims, "every row is answered"
    answering = time.perf_counter() - started
    await asyncio.to_thread(scene.wait_until_planned, waiting + claims)
    planning = time.perf_counter() - started
    await scene.stepper.settle()  # intake's and the ledger's last rows are theirs, not the sending's
    sent_from = time.time()
    await scene.next_day()
    await asyncio.to_thread(scene.wait_for_mails, mails + waiting + claims)
    accepted_at = scene.accepted_at()
    assert len(accepted_at) == mails + waiting + claims, "a mail for each claim, and for what waited before it"
    cost = {part: seconds - cost_before.get(part, 0.0) for part, seconds in scene.processor_seconds().items()}
    await scene.stepper.settle()
    return Round(claims=claims, answering=answering, planning=planning, sending=accepted_at[-1] - sent_from, cost=cost)


async def bench_end_to_end(scene: Scene, *, claims: int, rounds: int) -> list[Figure]:
    """Some rounds, each with the bare mail server after it; intake alone at the end."""
    played: list[Round] = []
    bare: list[float] = []
    async with scene.stepper:
        await scene.stepper.settle()
        await play_round(scene, min(claims, 500))  # connections, plans and caches of all processes
        content = (next(scene.mail_folder.glob("*.eml"))).read_bytes()
        for number in range(rounds):
            played.append(await play_round(scene, claims))
            bare.append(await bare_mails_a_second(scene.smtp_port, content, count=min(claims, 2_000)))
            last = played[-1]
            say(
                f"round {number + 1}: {last.rate:,.0f} claims/s (planned in {last.planning:.1f} s,"
                f" sent in {last.sending:.1f} s), bare mail server {bare[-1]:,.0f} mails/s"
            )
    alone = await intake_alone(scene, claims)
    return figures(played, bare=median(bare), alone=alone)


async def intake_alone(scene: Scene, claims: int) -> float:
    """Claims a second that intake answers while the other services stand still."""
    for service in OTHERS:
        scene.platform.processes.ask_to_end(service)
    for service in OTHERS:
        await asyncio.to_thread(scene.platform.stop_service, service)
    body, started = scene.csv_of(claims), time.perf_counter()
    await asyncio.to_thread(scene.post_file, body)
    return claims / (time.perf_counter() - started)


def figures(played: Sequence[Round], *, bare: float, alone: float) -> list[Figure]:
    """The rate beside its limits, then the costs of each part."""
    rate = median(one.rate for one in played)
    whole = median(sum(one.cost.values()) / one.claims for one in played)
    name = "file to mail accepted"
    return [
        Figure(figure=name, value=rate, unit="claims/s", limit="the aim", limit_value=GOAL),
        Figure(figure=name, value=rate, unit="claims/s", limit="the floor: below it is a fault", limit_value=FLOOR),
        Figure(
            figure="file answered by intake",
            value=median(one.claims / one.answering for one in played),
            unit="claims/s",
            limit="intake alone",
            limit_value=alone,
        ),
        Figure(figure="file planned", value=median(one.claims / one.planning for one in played), unit="claims/s"),
        Figure(
            figure="planned to mail accepted",
            value=median(one.claims / one.sending for one in played),
            unit="claims/s",
            limit="the mail server alone, 16 at once",
            limit_value=bare,
        ),
        Figure(
            figure="of the processors used",
            value=100 * median(one.used for one in played),
            unit="%",
            limit="all",
            limit_value=100,
        ),
        Figure(figure="processor time of all", value=1e6 * whole, unit="µs/claim"),
        *(
            Figure(
                figure=f"processor time: {part}",
                value=1e6 * median(one.cost.get(part, 0.0) / one.claims for one in played),
                unit="µs/claim",
                limit="processor time of all",
                limit_value=1e6 * whole,
            )
            for part in sorted(played[0].cost, key=lambda part: -played[0].cost[part])
        ),
    ]


def main() -> None:
    parser = arguments(__doc__, counts="median")
    parser.add_argument("--claims", type=int, default=5_000, help="claims of one round's file")
    asked = parser.parse_args()
    with servers() as stand, a_scene(stand) as scene:
        found = asyncio.run(bench_end_to_end(scene, claims=asked.claims, rounds=asked.rounds))
        report("end-to-end", found, as_json=asked.json)


if __name__ == "__main__":
    main()
