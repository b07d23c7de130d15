"""The commands, as they are typed."""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from cli import places
from cli.client import example_iban, example_number, reason_of
from cli.gate import gate_steps
from cli.trace import Published, table_of
from cli.up import agency_gaps
from statutes.references import is_iban


def quittance(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "COLUMNS": "200", **env}
    )


@pytest.mark.parametrize(
    "command",
    [
        "up",
        "down",
        "status",
        "logs",
        "demo",
        "test",
        "check",
        "trace",
        "client",
        "law",
        "bench",
        "deadletters",
        "outbox",
        "consumers",
        "alarms",
    ],
)
def test_help_names_every_command(command: str):
    answer = quittance("--help")

    assert answer.returncode == 0
    assert f" {command} " in answer.stdout


def test_nothing_runs_in_a_fresh_checkout_and_status_says_so(tmp_path: Path):
    answer = quittance("status", QUITTANCE_HOME=str(tmp_path))

    assert answer.returncode == 0
    assert "./quittance up" in answer.stdout


def test_down_in_a_fresh_checkout_is_no_fault(tmp_path: Path):
    answer = quittance("down", QUITTANCE_HOME=str(tmp_path))

    assert (answer.returncode, answer.stdout.strip()) == (0, "nothing was running")


def test_a_log_that_is_not_there_is_said_with_those_that_are(tmp_path: Path):
    (tmp_path / ".quittance" / "log").mkdir(parents=True)
    (tmp_path / ".quittance" / "log" / "ledger.log").write_text("".join(f"line {number}\n" for number in range(9)))

    missing = quittance("logs", "ledgre", QUITTANCE_HOME=str(tmp_path))
    found = quittance("logs", "ledger", "-n", "2", QUITTANCE_HOME=str(tmp_path))

    assert missing.returncode != 0
    assert "ledger" in missing.stderr
    assert found.stdout == "line 7\nline 8\n"


def test_a_named_server_that_is_down_is_one_sentence_and_no_traceback(tmp_path: Path):
    named = {"DATABASE_URL": "postgresql://postgres@127.0.0.1:1/postgres", "QUITTANCE_HOME": str(tmp_path)}

    answer = quittance("up", **named)

    assert answer.returncode == 1
    assert "DATABASE_URL" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_narrow_terminal_breaks_the_names_of_a_trace_and_cuts_none():
    said = Published(
        id="1", at="2026-11-24 20:40:22.415037+00", service="intake", topic="intake.case-files.v1",
        type="intake.CaseFileOpened.v1", sequence="1", sent=True, folded_by=("dunning.open_case_file",),
    )  # fmt: skip
    narrow = Console(width=80)
    with narrow.capture() as shown:
        narrow.print(table_of([said]))
    assert "\u2026" not in shown.get()


def test_a_body_that_its_service_cannot_read_is_said_in_words():
    answer = b'{"detail": [{"loc": ["body", "because"], "msg": "String should have at least 3 characters"}]}'
    assert reason_of(answer) == "because: String should have at least 3 characters"
    assert reason_of(b'{"title": "No such hold", "detail": "Not held"}') == "No such hold: Not held"


def test_arguments_of_test_go_to_pytest_and_so_does_its_exit_code():
    answer = quittance("test", "--collect-only", "-q", "no/such/folder", HOME="/nonexistent")

    assert answer.returncode == 4
    assert "no/such/folder" in answer.stdout + answer.stderr


def test_the_gate_looks_at_style_types_imports_sql_and_architecture():
    commands = {step.name: " ".join(step.command) for step in gate_steps(places.checkout())}

    tools = ["ruff check", "ruff format", "basedpyright", "import-linter", "sqlfluff", "squawk"]
    assert list(commands) == [*tools, "architecture and contracts"]
    assert "queries.sql" in commands["sqlfluff"]
    assert "0001_create_plumbing.sql" in commands["squawk"]
    assert "tests/architecture" in commands["architecture and contracts"]


def test_our_agency_file_is_whole_and_one_that_is_not_is_named(tmp_path: Path):
    whole = places.agency_file()
    lacking = tmp_path / "agency.toml"
    lacking.write_text(whole.read_text().replace('phone = "+31 30 000 00 00"', ""))

    assert agency_gaps(whole) == []
    assert agency_gaps(lacking) == ["agency.toml lacks phone: nothing will be sent"]
    assert agency_gaps(tmp_path / "none.toml") == [f"{tmp_path / 'none.toml'} is missing: nothing will be sent"]


@pytest.mark.parametrize("country", ["NL", "BE"])
@pytest.mark.parametrize("seed", [0, 1, 97, 9999999, 2**200 + 1])
def test_examples_of_a_client_are_well_formed(country: str, seed: int):
    assert is_iban(example_iban(seed, country))
    number = example_number(seed, country)
    assert number.isdecimal()
    if country == "BE":
        assert int(number[-2:]) == 97 - int(number[:-2]) % 97
