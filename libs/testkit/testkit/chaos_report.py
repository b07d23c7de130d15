"""`python -m testkit.chaos_report --kills N --seed S`: one chaos run on servers of its own, and its report."""

import argparse
import asyncio
import os
import platform
import sys
import time
from pathlib import Path

from local_stack.ports import Ports
from testkit.chaos import World, a_world
from testkit.chaos_account import Tally
from testkit.chaos_kills import LONGEST_LIFE_SECONDS, MEMBERS, SESSION_TIMEOUT_MS, kills_of, run_kills
from testkit.servers import a_kafka, a_postgres, run_folder


def main() -> int:
    """Run, print; 1 when the account does not close or a planned fault was not injected."""
    parser = argparse.ArgumentParser(prog="quittance chaos", description="Kill toy services under load, and account.")
    parser.add_argument("--kills", type=int, default=200, help="how many processes are killed")
    parser.add_argument("--seed", type=int, default=1, help="the schedule of faults, pauses and input")
    parser.add_argument("--minutes", type=float, default=60, help="end after these minutes, with what was done by then")
    asked = parser.parse_args()
    begun = time.monotonic()
    with run_folder(Path.cwd() / ".quittance" / "test") as folder:
        ports = Ports()
        kafka, postgres = a_kafka(folder, ports), a_postgres(folder, ports)
        try:
            servers = (kafka.start(), postgres.start())
            world, tally = asyncio.run(_run(asked, *servers, folder=folder / "chaos"))
        finally:
            kafka.stop()
            postgres.stop()
    sys.stdout.write(report(world, tally, asked_kills=asked.kills, seconds=time.monotonic() - begun))
    return 1 if tally.faults else 0


async def _run(asked: argparse.Namespace, bootstrap: str, database_url: str, *, folder: Path) -> tuple[World, Tally]:
    await asyncio.to_thread(folder.mkdir, parents=True)
    until = asyncio.get_running_loop().time() + asked.minutes * 60
    async with a_world(
        seed=asked.seed, bootstrap=bootstrap, database_url=database_url, folder=folder,
        session_timeout_ms=SESSION_TIMEOUT_MS,
    ) as world:  # fmt: skip
        return world, await run_kills(world, kills=asked.kills, until=until)


def report(world: World, tally: Tally, *, asked_kills: int, seconds: float) -> str:
    """Faults by name, the conservation line, and what is wrong."""
    head = (
        f"seed {world.seed}: {kills_of(world)} kills of {asked_kills}, {MEMBERS} members, in {seconds:.0f} s with the"
        f" start of the servers"
        f" (Python {platform.python_version()}, {os.cpu_count()} cores; a fault not injected in"
        f" {LONGEST_LIFE_SECONDS} s fails the run)"
    )
    lines = [
        head,
        *(f"  {times:5} {name}" for name, times in sorted(world.injected.items())),
        tally.line(),
        *(f"FAULT {fault}" for fault in tally.faults[:50]),
        f"{len(tally.faults)} faults" if tally.faults else "the account closes",
    ]
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
