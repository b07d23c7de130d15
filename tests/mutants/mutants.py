"""Take one safety element out of a copy of the code, and see which test goes red. `python tests/mutants/mutants.py`.

Each mutant is an edit of one file of one package. It is made on a copy, first on the path of a process of its own, so
it can't leak. A test that goes on passing means that nothing holds the element: exit code 1.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SIMULATION = "tests/simulation/test_toy.py"
ISOLATION = "libs/common/tests/test_isolate.py"
EDGES = "libs/common/tests/test_edges.py::test_no_default_of_the_framework_is_taken"
DUNNING = "tests/simulation/test_dunning_machine.py"
LEDGER = "tests/simulation/test_ledger_machine.py"
GATE = "services/dunning/tests/unit/test_gate.py"
CHAIN = "tests/simulation/test_chain.py::test_the_chain_keeps_its_promises_under_every_fault"
PARKING = "tests/simulation/test_parking.py"
LOST_TAIL = "libs/common/tests/test_lost_tail.py"
DESK = "libs/common/tests/test_redrive.py"
SEEDS = "400"
CHAIN_SEEDS = "40"
LONGEST_SECONDS = 120
RED = 1  # pytest: tests were run, and some failed


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """What is taken out, and what must notice."""

    name: str
    file: str  # of a package: `common/inbox.py`
    before: str
    after: str
    killer: str

    @property
    def package(self) -> Path:
        name = self.file.split("/", maxsplit=1)[0]
        return next(p.parent for p in ROOT.glob(f"*/{name}/{name}/__init__.py"))


MUTANTS = (
    Mutant(
        name="the inbox is not asked",
        file="common/runner.py",
        before="if a.event_id in new\n",
        after="if a.event_id is not None\n",
        killer=SIMULATION,
    ),
    Mutant(
        name="the inbox is written in a transaction of its own",
        file="common/inbox.py",
        before='    ordered = sorted(arrivals)\n    rows = await connection.fetch(\n        "INSERT INTO inbox (',
        after="    ordered = sorted(arrivals)\n    connection = type(connection)(connection.store)\n"
        '    rows = await connection.fetch(\n        "INSERT INTO inbox (',
        killer=SIMULATION,
    ),
    Mutant(
        name="repeats inside one batch are not dropped",
        file="common/records.py",
        before="if identity not in seen:",
        after="if True:",
        killer=SIMULATION,
    ),
    Mutant(
        name="the ids of the inbox are not sorted",
        file="common/inbox.py",
        before="ordered = sorted(arrivals)",
        after="ordered = list(arrivals)",
        killer=SIMULATION,
    ),
    Mutant(
        name="rows are loaded without a lock",
        file="common/things.py",
        before=" ORDER BY {thing.name}_id FOR NO KEY UPDATE",
        after=" ORDER BY {thing.name}_id",
        killer=SIMULATION,
    ),
    Mutant(
        name="alarms take rows without a lock",
        file="common/things.py",
        before="ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
        after="ORDER BY due_at LIMIT $2",
        killer=SIMULATION,
    ),
    Mutant(
        name="the outbox is written in a transaction of its own",
        file="common/outbox.py",
        before="        await connection.copy_records_to_table(",
        after="        connection = type(connection)(connection.store)\n"
        "        await connection.copy_records_to_table(",
        killer=SIMULATION,
    ),
    Mutant(
        name="two relays on one shard",
        file="common/relay.py",
        before='if await connection.fetchval("SELECT pg_try_advisory_xact_lock($1, $2)", RELAY_LOCK, shard):',
        after="if True:",
        killer=SIMULATION,
    ),
    Mutant(
        name="the relay commits without its acknowledgements",
        file="common/relay.py",
        before="raise result  # roll back: nothing is filed",
        after="pass",
        killer=SIMULATION,
    ),
    Mutant(
        name="the relay sends out of order",
        file="common/relay.py",
        before='key=lambda row: row["seq"])',
        after='key=lambda row: -row["seq"])',
        killer=SIMULATION,
    ),
    Mutant(
        name="a failed producer is used again",
        file="common/relay.py",
        before="connection, producer, self.connection, self.producer = self.connection, self.producer, None, None",
        after="connection, producer, self.connection = self.connection, self.producer, None",
        killer=SIMULATION,
    ),
    Mutant(
        name="a producer sends on after a failure",
        file="common/broker.py",
        before="return OrderedProducer(",
        after="return AIOKafkaProducer(",
        killer="libs/common/tests/test_relay.py::"
        "test_what_comes_behind_a_row_that_found_no_leader_is_not_written_before_it",
    ),
    Mutant(
        name="a call whose commit went unheard waits for a restart",
        file="common/runner.py",
        before="self.calls.doubt(batch.calls)",
        after="pass",
        killer="libs/common/tests/test_runner.py::"
        "test_calls_whose_commit_nobody_heard_of_are_made_once_and_without_a_restart",
    ),
    Mutant(
        name="headers are not made safe",
        file="common/records.py",
        before="return await original(tuple(_clean(record) for record in message))",
        after="return await original(message)",
        killer=SIMULATION,
    ),
    Mutant(
        name="one bad record refuses its batch",
        file="common/records.py",
        before="        except (KeyError, ValueError) as fault:",
        after="        except ZeroDivisionError as fault:",
        killer=SIMULATION,
    ),
    Mutant(
        name="every fault blames the record",
        file="common/blame.py",
        before="REFUSALS = (InvalidMessage, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)",
        after="REFUSALS = (Exception,)",
        killer=ISOLATION,
    ),
    Mutant(
        name="a waiting message that the database refuses is blamed on the opening",
        file="common/runner.py",
        before="            if batch.leave_waiting:\n                await self._refuse_one",
        after="            if True:\n                await self._refuse_one",
        killer=ISOLATION,
    ),
    Mutant(
        name="a due row that the database refuses stops all others",
        file="common/runner.py",
        before="        return await self._take_due(thing, together=False)",
        after="        raise AssertionError",
        killer=ISOLATION,
    ),
    Mutant(
        name="a bad record bars nobody behind it",
        file="common/fold.py",
        before="if arrival.behind == loaded.key:",
        after="if False:",
        killer=ISOLATION,
    ),
    Mutant(
        name="a key with a dead letter does not wait",
        file="common/fold.py",
        before="        if folded.blocked:\n",
        after="        if False:\n",
        killer=SIMULATION,
    ),
    Mutant(
        name="what comes before its thing does not wait",
        file="common/fold.py",
        before="    for position, arrival in early:\n",
        after="    for position, arrival in ():\n",
        killer=SIMULATION,
    ),
    Mutant(
        name="an alarm that changes nothing is taken for ever",
        file="common/fold.py",
        before="if isinstance(arrival.message, Due):",
        after="if False:",
        killer="libs/common/tests/test_fold.py",
    ),
    Mutant(
        name="records may name a topic for an answer",
        file="common/broker.py",
        before="no_reply=True",
        after="no_reply=False",
        killer=EDGES,
    ),
    Mutant(
        name="acknowledged before the handler",
        file="common/broker.py",
        before="AckPolicy.NACK_ON_ERROR",
        after="AckPolicy.ACK_FIRST",
        killer=EDGES,
    ),
    Mutant(
        name="a new group begins at the end",
        file="common/broker.py",
        before='auto_offset_reset="earliest"',
        after='auto_offset_reset="latest"',
        killer=EDGES,
    ),
    Mutant(
        name="a step does not look at payment, dispute and hold",
        file="dunning/domain/case_file.py",
        before="return self.ended is not None or self.paid_on is not None or bool(self.holds)",
        after="return False",
        killer=DUNNING,
    ),
    Mutant(
        name="the gate itself does not look whether the file is stopped",
        file="dunning/domain/gate.py",
        before="    if case_file.is_stopped:\n        reasons",
        after="    if False:\n        reasons",
        killer=DUNNING,
    ),
    Mutant(
        name="no hour is too late to write",
        file="dunning/domain/gate.py",
        before="    faults = rules.contact_faults(local, medium, case_file.debtor)\n    if faults:",
        after="    return None\n    faults = ()\n    if faults:",
        killer=DUNNING,
    ),
    Mutant(
        name="what is paid too much is forgotten",
        file="ledger/domain/covering.py",
        before="overpaid_cents=before.overpaid_cents + overpaid)",
        after="overpaid_cents=overpaid)",
        killer=LEDGER,
    ),
    Mutant(
        name="a claim that comes twice is booked twice",
        file="ledger/handlers/case_accounts.py",
        before="if any(claim.claim_id == terms.claim_id for claim in case_account.claims):",
        after="if False:",
        killer=LEDGER,
    ),
    Mutant(
        name="a grant for another version is taken",
        file="dunning/handlers/steps.py",
        before="return case_file.contact_asked and (message.step, message.version) == (\n"
        "        contact_of(case_file, step),\n        case_file.version,\n    )\n",
        after="return True\n",
        killer=GATE,
    ),
    Mutant(
        name="a stopped file goes on in the chain",
        file="dunning/domain/case_file.py",
        before="return self.ended is not None or self.paid_on is not None or bool(self.holds)",
        after="return False",
        killer=CHAIN,
    ),
    Mutant(
        name="a message that is ordered twice is sent twice",
        file="notifications/handlers/messages.py",
        before="    if correspondence.find(command.message_id) is not None:\n        return Decision(correspondence)",
        after="    pass",
        killer=CHAIN,
    ),
    Mutant(
        name="a recall is forgotten",
        file="notifications/handlers/messages.py",
        before="    message = replace(message, is_recalled=True)\n",
        after="    return Decision(correspondence)\n",
        killer=CHAIN,
    ),
    Mutant(
        name="a letter that is withdrawn is printed",
        file="notifications/handlers/batches.py",
        before="    others = tuple(other for other in batch.letters if other is not letter)\n",
        after="    others = batch.letters\n",
        killer=CHAIN,
    ),
    Mutant(
        name="a call of an earlier life is repeated without asking",
        file="common/calls.py",
        before="if earlier_life and (known := ",
        after="if False and (known := ",
        killer=CHAIN,
    ),
    Mutant(
        name="a call is committed apart from what decided it",
        file="common/runner.py",
        before="await begin_calls(connection, thing, calls,",
        after="await begin_calls(type(connection)(connection.store), thing, calls,",
        killer=CHAIN,
    ),
    Mutant(
        name="a stranger's repeat is taken for new",
        file="common/inbox.py",
        before='repeated = sorted(set(ordered) - {(row["source"], row["id"]) for row in rows})',
        after="repeated = []",
        killer=CHAIN,
    ),
    Mutant(
        name="journals are posted in a transaction of their own",
        file="ledger/repository.py",
        before="    await connection.fetch(QUERIES.post_journals,",
        after="    connection = type(connection)(connection.store)\n    await connection.fetch(QUERIES.post_journals,",
        killer=CHAIN,
    ),
    Mutant(
        name="a statement is imported as often as it is delivered",
        file="ledger/handlers/trust_accounts.py",
        before="if statement.statement_key in trust_account.known_statements:",
        after="if False:",
        killer=CHAIN,
    ),
    Mutant(
        name="a partner is not told that a file was paid",
        file="legal/handlers.py",
        before="if handoff is None or handoff.standing not in WITH_PARTNER:",
        after="if True:",
        killer=CHAIN,
    ),
    Mutant(
        name="what stood behind a mended letter is not released",
        file="common/redrive.py",
        before='            failpoint("after_redrive")\n            await settling.release()\n',
        after="            pass\n",
        killer=CHAIN,
    ),
    Mutant(
        name="what stood behind a discarded letter is not released",
        file="common/redrive.py",
        before='"discarded", None)\n            await settling.release()\n',
        after='"discarded", None)\n',
        killer=CHAIN,
    ),
    Mutant(
        name="the alarms of a settled key stay off",
        file="common/redrive.py",
        before="            await self._restore_alarm(thing, key)\n",
        after="            pass\n",
        killer=CHAIN,
    ),
    Mutant(
        name="a letter is redriven although its id was applied before",
        file="common/redrive.py",
        before="        if not await self._is_first_time(arrival):\n",
        after="        if False:\n",
        killer=CHAIN,
    ),
    Mutant(
        name="a later letter of a key is redriven first",
        file="common/redrive.py",
        before="asked_as = 'redrive' AND NOT EXISTS (",
        after="asked_as = 'redrive' AND NULLIF(TRUE, EXISTS (",
        killer=CHAIN,
    ),
    Mutant(
        name="two members take one letter",
        file="common/redrive.py",
        before="   FOR NO KEY UPDATE SKIP LOCKED\n",
        after="",
        killer=DESK,
    ),
    Mutant(
        name="a member waits for the letter that another has taken",
        file="common/redrive.py",
        before="   FOR NO KEY UPDATE SKIP LOCKED\n",
        after="   FOR NO KEY UPDATE\n",
        killer=DESK,
    ),
    Mutant(
        name="what came after a letter overtakes it when its thing is opened",
        file="common/redrive.py",
        before="        await self.connection.execute(STAND_BEHIND, behind)\n",
        after="",
        killer=DESK,
    ),
    Mutant(
        name="what came before a letter falls behind it when its thing is opened",
        file="common/redrive.py",
        before="desk.record_of(row) != own and not came_before(row, self.letter)]",
        after="desk.record_of(row) != own]",
        killer=DESK,
    ),
    Mutant(
        name="what waits behind the next letter of a key is released too",
        file="common/redrive.py",
        before="if row is None or (open_letter is not None and not came_before(row, open_letter)):",
        after="if row is None:",
        killer=DESK,
    ),
    Mutant(
        name="a bad record that comes again after it was settled stops its key",
        file="common/desk.py",
        before='settled = {record_of(row) for row in rows if row["settled_at"] is not None}',
        after="settled = set()",
        killer="libs/common/tests/test_redrive.py::"
        "test_an_unreadable_record_that_comes_again_after_its_letter_was_settled_bars_nobody_and_stops_no_alarm",
    ),
    Mutant(
        name="a bad record is known by its offset alone",
        file="common/records.py",
        before="        recorded_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),\n        thing_key=",
        after="        thing_key=",
        killer=LOST_TAIL,
    ),
    Mutant(
        name="what waits is known by its offset alone",
        file="common/desk.py",
        before='        recorded_at=row["recorded_at"],\n',
        after="",
        killer=LOST_TAIL,
    ),
    Mutant(
        name="offsets that were given out anew decide the order",
        file="common/letters.py",
        before="            return not is_before\n",
        after="            return is_before\n",
        killer=LOST_TAIL,
    ),
    Mutant(
        name="the handler of what waits as a richer message is unknown",
        file="common/decisions.py",
        before="names = {line.arrives_as: line.handler.__name__ for line in self.on if line.arrives_as is not None}",
        after="names = {}",
        killer=CHAIN,
    ),
    Mutant(
        name="bad records are parked in the order of their batch",
        file="common/desk.py",
        before='ordered = sorted(bad, key=lambda b: (b.source, b.source_id, b.thing or "", str(b.thing_key)))',
        after="ordered = list(bad)",
        killer=PARKING,
    ),
)


def killed_by(mutant: Mutant) -> str | None:
    """The first test that goes red, or None when the mutant survives. Raises ValueError when its text is not there."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / mutant.package.name
        shutil.copytree(mutant.package, copy, ignore=shutil.ignore_patterns("__pycache__"))
        target = copy.parent / mutant.file
        text = target.read_text("utf-8")
        if text.count(mutant.before) != 1:
            raise ValueError(f"{mutant.name}: {mutant.file} does not hold this text once: {mutant.before}")
        target.write_text(text.replace(mutant.before, mutant.after), "utf-8")
        seeds = {"SIMULATION_SEEDS": SEEDS, "CHAIN_SEEDS": CHAIN_SEEDS}
        environment = os.environ | seeds | {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", mutant.killer]
        answer = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS
        )
    if answer.returncode != RED:
        return None
    red = next(line for line in answer.stdout.splitlines() if line.startswith(("FAILED", "ERROR")))
    return red.split()[1] if red.startswith("FAILED") else None


def main() -> int:
    """Every mutant and its killer, one a line; 1 when one survives."""
    survived = 0
    for mutant in MUTANTS:
        killer = killed_by(mutant)
        survived += killer is None
        print(f"{mutant.name} -> {'killed by ' + killer if killer else 'SURVIVED'}", flush=True)  # noqa: T201
    print(f"{len(MUTANTS) - survived} of {len(MUTANTS)} killed")  # noqa: T201
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
