"""Due rows a second of one process: taken, folded, written, with what they say in the outbox, out of many that wait.

Run by `./quittance bench alarms` (`--rows 10000000` for ten million waiting). Beside it, in turns, on rows of the same
table: the same work as one SQL statement a batch. Memory is what the process grew by over all rounds.
"""

import resource
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import uvloop
from _stand import Figure, Stand, arguments, make_toy_tables, report, say, servers, spare_the_collector, stopwatch

from common.alarms import take_all_due
from common.calls import Caller
from common.clock import read_now
from common.decisions import Consumers, Decision, Due, On, Thing
from common.postgres import Pool, open_pool
from common.runner import DUE_AT_ONCE, Runner
from testkit import toy

GOAL, FLOOR_BESIDE_STATEMENT = 8_000, 0.6


@dataclass(frozen=True)
class NamedCounter:
    """A counter that knows its own id, so that it can say that it rests."""

    counter_id: UUID
    total: int = 0
    text: str = ""
    rests_at: datetime | None = None


COUNTER = Thing(name="counter", state=NamedCounter, next_due_at=lambda counter: counter.rests_at)


def rest(counter: NamedCounter, _due: Due, _now: datetime) -> Decision[NamedCounter]:
    """It rests, and says so."""
    return Decision(replace(counter, rests_at=None), [toy.CounterRested(counter_id=counter.counter_id)])


CONSUMERS = Consumers(on=(On(message=Due, handler=rest, thing=COUNTER),))

ONE_STATEMENT = """
WITH due AS (
    SELECT counter_id
      FROM counter
     WHERE due_at <= $1
     ORDER BY due_at
     LIMIT $2
       FOR NO KEY UPDATE SKIP LOCKED
), moved AS (
    UPDATE counter AS c
       SET version = c.version + 1,
           state = jsonb_set(c.state, '{rests_at}', 'null'),
           due_at = NULL,
           sequences = c.sequences || jsonb_build_object('toy.counters.v1|' || c.counter_id, 1)
      FROM due
     WHERE c.counter_id = due.counter_id
    RETURNING c.counter_id
), said AS (
    INSERT INTO outbox (shard, id, topic, key, payload, headers, subject, created_at)
    SELECT (hashtext(counter_id::text) & 7)::smallint, uuidv7(), 'toy.counters.v1', counter_id::text::bytea,
           convert_to(jsonb_build_object('counter_id', counter_id)::text, 'UTF8'),
           jsonb_build_object('ce_id', uuidv7(), 'ce_type', 'toy.CounterRested.v1', 'ce_source', 'toy',
               'ce_subject', counter_id, 'ce_time', $1, 'ce_sequence', '1', 'ce_causationid', 'due/' || counter_id,
               'ce_specversion', '1.0', 'content-type', 'application/json'),
           counter_id, $1
      FROM moved
)
SELECT count(*) FROM moved
"""


async def bench_alarms(stand: Stand, *, rows: int, due: int, rounds: int) -> list[Figure]:
    """Runner and statement, best of `rounds`, and the memory that the runner took beyond its first round."""
    url = stand.make_database("alarms")
    say(f"making {rows:,} counters, {due:,} a turn are due")
    await make_toy_tables(url, rows=rows, due=2 * due * rounds, with_id=True)
    pool = await open_pool(url, name="bench")
    runner = Runner(
        service="toy", instance="toy-0", pool=pool, catalogue=toy.CATALOGUE, consumers=CONSUMERS, caller=Caller({})
    )
    spare_the_collector()
    best, peaks = {"runner": 0.0, "statement": 0.0}, list[int]()
    for number in range(rounds):
        for name, take in (("runner", by_runner(runner)), ("statement", by_statement(pool))):
            await pool.execute("TRUNCATE outbox")
            await pool.execute("CHECKPOINT")
            await step_clock(pool, due)
            with stopwatch() as seconds:
                await take
            rate = due / seconds[0]
            assert await pool.fetchval("SELECT count(*) FROM outbox") == due
            say(f"round {number + 1}: {name} {rate:,.0f} rows a second")
            best[name] = max(best[name], rate)
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    await pool.close()
    one = f"runner, {rows:,} rows wait"
    statement = f"the same as one SQL statement (floor {FLOOR_BESIDE_STATEMENT})"
    return [
        Figure(figure=one, value=best["runner"], unit="rows/s", limit="the goal", limit_value=GOAL),
        Figure(figure=one, value=best["runner"], unit="rows/s", limit=statement, limit_value=best["statement"]),
        Figure(figure="memory grown after round 1", value=(peaks[-1] - peaks[0]) / 1024, unit="MiB"),
    ]


async def step_clock(pool: Pool, due: int) -> None:
    """To the instant at which so many rows are due, each at its own millisecond."""
    await pool.execute(
        "INSERT INTO clock (now) SELECT due_at FROM counter WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1 OFFSET $1"
        " ON CONFLICT (only_one) DO UPDATE SET now = excluded.now",
        due - 1,
    )


async def by_runner(runner: Runner) -> None:
    """All that is due, as the service's alarm loop takes it."""
    await take_all_due(runner, COUNTER)


async def by_statement(pool: Pool) -> None:
    """The same rows a batch, each batch committed."""
    async with pool.acquire() as connection:
        now = await read_now(connection)
        while await connection.fetchval(ONE_STATEMENT, now, DUE_AT_ONCE) == DUE_AT_ONCE:
            pass


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows that wait")
    parser.add_argument("--due", type=int, default=20_000, help="rows that are due in each turn")
    asked = parser.parse_args()
    with servers() as stand:
        figures = uvloop.run(bench_alarms(stand, rows=asked.rows, due=asked.due, rounds=asked.rounds))
        report("alarms", figures, as_json=asked.json)


if __name__ == "__main__":
    main()
