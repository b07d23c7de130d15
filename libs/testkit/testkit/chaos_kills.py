"""Kills under load: two members of one group, each of which dies again and again, at named instants and at random ones.

`python -m testkit.chaos_report --kills N --seed S` does it on a broker and a database of its own.
"""

import asyncio
import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field

from testkit.chaos import Life, World, failpoint_names
from testkit.chaos_account import Tally
from testkit.chaos_desk import Desk

MEMBERS = 2
SESSION_TIMEOUT_MS = 6_000  # the shortest that a broker takes: the dead one's partitions go to the other after it
RANDOM_INSTANT = "a random instant"
BACKENDS = "pg_terminate_backend"
TAKEN_OVER = "dead until the other took over"
NO_KILLS = {BACKENDS, TAKEN_OVER}  # what comes with a kill
KILLS_A_TAKE_OVER = 40
LONGEST_LIFE_SECONDS = 120  # a failpoint that was not reached by then was not injected


def kills_of(world: World) -> int:
    """How many processes were killed so far."""
    return sum(times for name, times in world.injected.items() if name not in NO_KILLS)


def plan_of(rng: random.Random, *, kills: int, names: Sequence[str]) -> list[str]:
    """Which kill comes when: half at failpoints, each in turn and each at least once if they fit; half at random, of
    which some stay dead until the other member has their partitions.
    """
    at_names = max(kills // 2, min(kills, len(names)))
    plan = [names[n % len(names)] for n in range(at_names)]
    rest = kills - at_names
    take_overs = min(rest // 2, -(-kills // KILLS_A_TAKE_OVER))
    plan += [TAKEN_OVER] * take_overs
    plan += [RANDOM_INSTANT if n % 3 else BACKENDS for n in range(1, rest - take_overs + 1)]
    rng.shuffle(plan)
    return plan


async def run_kills(world: World, *, kills: int, until: float = float("inf")) -> Tally:
    """Kill under load, then let both members finish, and draw up the account; what was planned and not injected is a
    fault. `until`, in the loop's seconds, ends a run early: what was injected says how far it came.
    """
    plan = plan_of(world.rng, kills=kills, names=failpoint_names())
    run = Run(world=world, until=until)
    async with world.fed(), world.worked(Desk(database_url=world.database_url, seed=world.seed)):
        last = await asyncio.gather(*(run.live_and_die(member, plan[member::MEMBERS]) for member in range(MEMBERS)))
    tally = await world.settle()
    tally.faults += run.not_injected
    for life in last:
        await end(life)
    if not run.is_over():
        missing = set(plan) - {name for name, times in world.injected.items() if times}
        tally.faults += [f"{name} was planned and never injected" for name in sorted(missing)]
    return tally


@dataclass(kw_only=True)
class Run:
    """The members of one run; only one of them stays dead at a time."""

    world: World
    until: float
    not_injected: list[str] = field(default_factory=list[str])
    one_stays_dead: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_over(self) -> bool:
        """Whether its time is up."""
        return asyncio.get_running_loop().time() > self.until

    async def live_and_die(self, member: int, plan: Sequence[str]) -> Life:
        """Die as the plan says, for as long as it can be followed; then the last life, which stays."""
        rng = random.Random(f"{self.world.seed}/{member}")  # noqa: S311  a schedule, no secret
        for fault in plan:
            if self.is_over():
                break
            try:
                await self._die(rng, fault, member=member)
            except AssertionError as reason:
                self.not_injected.append(str(reason))
                break
        return await self.world.begin_life(member=member)

    async def _die(self, rng: random.Random, fault: str, *, member: int) -> None:
        if self.one_stays_dead.locked():
            await self._take_over(member=member)
        if fault == TAKEN_OVER:
            async with self.one_stays_dead:
                await kill_at_random(self.world, rng, member=member)
                await self.world.every_partition_moves()
            self.world.injected[TAKEN_OVER] += 1
        elif fault in {RANDOM_INSTANT, BACKENDS}:
            await kill_at_random(self.world, rng, member=member, and_backends=fault == BACKENDS)
        else:
            await kill_at(self.world, fault, member=member)

    async def _take_over(self, *, member: int) -> None:
        """Live for as long as the other one stays dead: a life that ends at once takes nothing over."""
        life = await self.world.begin_life(member=member)
        async with self.one_stays_dead:
            life.send(signal.SIGKILL)
        assert await life.died == -signal.SIGKILL, f"it ended by itself with {life.died.result()}"
        self.world.injected[RANDOM_INSTANT] += 1


async def kill_at(world: World, name: str, *, member: int = 0) -> None:
    """A life that ends at a failpoint. Raises AssertionError when it did not come there."""
    life = await world.begin_life(member=member, failpoints=f"{name}=kill")
    done, _ = await asyncio.wait([life.died], timeout=LONGEST_LIFE_SECONDS)
    if not done:
        life.send(signal.SIGKILL)
        await life.died
    assert done, f"seed {world.seed}: the failpoint {name} was not reached in {LONGEST_LIFE_SECONDS} s"
    assert life.died.result() == -signal.SIGKILL, f"before {name} it ended with {life.died.result()}"
    world.injected[name] += 1


async def kill_at_random(world: World, rng: random.Random, *, member: int = 0, and_backends: bool = False) -> None:
    """A life that ends whenever; the database sessions of all may be ended before."""
    life = await world.begin_life(member=member)
    await asyncio.sleep(rng.uniform(0.05, 1.5))
    if and_backends:
        world.injected[BACKENDS] += await world.terminate_backends()
        await asyncio.sleep(rng.uniform(0.05, 0.5))
    assert not life.died.done(), f"it ended by itself with {life.died.result()}"
    life.send(signal.SIGKILL)
    assert await life.died == -signal.SIGKILL
    world.injected[RANDOM_INSTANT] += 1


async def end(life: Life) -> None:
    """End it by SIGTERM. Raises AssertionError when it had ended by itself, or does not end in order."""
    assert not life.died.done(), f"it ended by itself with {life.died.result()}"
    life.send(signal.SIGTERM)
    status = await asyncio.wait_for(life.died, LONGEST_LIFE_SECONDS)
    assert status == 0, f"after SIGTERM it ended with {status}"
