"""`.importlinter` holds our tree, knows every member, and notices each kind of wrong import."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest
from source_tree import Plant, Tree

CONFIG = ".importlinter"
SERVICES = ("intake", "dunning", "notifications", "ledger", "legal")
SERVICE_FILES = ("__init__", "app", "settings", "consumers", "http", "handlers", "domain", "repository", "metrics")


def lint(config: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter as the gate does; the packages of `folder` go before the installed ones."""
    command = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "500"}
    arguments = [str(command), str(config), "--no-cache", "--no-logo"]
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def small_platform() -> dict[str, str]:
    """A platform in which every module exists and each imports what it may."""
    libraries = ("common", "contracts", "statutes", "testkit", "kafka_admin", "local_stack", "cli")
    files = {f"{package}/__init__.py": "" for package in libraries}
    files |= {f"{service}/{file}.py": "" for service in SERVICES for file in SERVICE_FILES}
    return files | {
        "common/messages.py": "import pydantic",
        "common/decisions.py": "import common.postgres",
        "common/postgres.py": "import asyncpg",
        "common/runner.py": "import asyncpg",
        "contracts/ledger.py": "import common.messages",
        "statutes/interest.py": "import decimal",
        "kafka_admin/topics.py": "import contracts.ledger",
        "testkit/stack.py": "import local_stack, kafka_admin, contracts.ledger, common.runner",
        "ledger/app.py": "import ledger.consumers, ledger.repository, ledger.settings, ledger.metrics",
        "ledger/consumers.py": "import ledger.handlers, ledger.repository, common.runner",
        "ledger/bank/__init__.py": "import lxml, ledger.domain",
        "ledger/repository.py": "import asyncpg, ledger.domain",
        "ledger/handlers.py": "import ledger.domain, contracts.ledger, common.decisions",
        "ledger/domain.py": "import statutes.interest",
    }


def test_our_tree_keeps_every_contract(tree: Tree):
    outcome = lint(tree.root / CONFIG, tree.root)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "0 broken" in outcome.stdout


def test_every_member_of_the_workspace_is_under_contract(tree: Tree):
    config = configparser.ConfigParser()
    config.read(tree.root / CONFIG, encoding="utf-8")
    members = set(tree.members())
    assert set(config["importlinter"]["root_packages"].split()) == members
    layers = config["importlinter:contract:workspace"]["layers"].replace("|", " ").split()
    assert set(layers) == members - {"statutes"}  # which stands beside all layers, under two contracts of its own
    services = set(tree.services())
    assert services >= set(SERVICES)
    assert set(config["importlinter:contract:inside-a-service"]["containers"].split()) == services
    assert set(config["importlinter:contract:services-run"]["forbidden_modules"].split()) == services


def test_a_platform_that_imports_what_it_may_is_kept(tree: Tree, plant: Plant):
    folder = plant(small_platform()).root
    outcome = lint(tree.root / CONFIG, folder)
    assert "0 broken" in outcome.stdout, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    ("file", "text", "contract"),
    [
        ("legal/domain.py", "import ledger.domain", "Programs stand above libraries"),
        ("common/runner.py", "import contracts", "Programs stand above libraries"),
        ("local_stack/x.py", "import testkit", "Programs stand above libraries"),
        ("testkit/x.py", "import dunning.handlers", "A service runs and is never imported"),
        ("statutes/x.py", "import contracts", "The law knows neither messages"),
        ("contracts/x.py", "import statutes", "The law knows neither messages"),
        ("statutes/x.py", "import common.messages", "The law stands on nothing"),
        ("ledger/domain.py", "import ledger.handlers", "Inside a service"),
        ("ledger/handlers.py", "import ledger.repository", "Inside a service"),
        ("ledger/repository.py", "import ledger.bank", "Inside a service"),
        ("ledger/http.py", "import ledger.consumers", "Inside a service"),
        ("ledger/metrics.py", "import ledger.app", "Inside a service"),
        ("ledger/helpers.py", "", "Inside a service"),
        ("dunning/handlers.py", "import dunning.settings", "What decides reads no settings"),
        ("dunning/domain.py", "import dunning.metrics", "What decides reads no settings"),
        ("dunning/handlers.py", "import asyncpg", "What decides does no I/O"),
        ("dunning/handlers.py", "import common.runner", "What decides does no I/O"),
        ("statutes/x.py", "import httpx", "What decides does no I/O"),
        ("intake/domain.py", "import lxml.etree", "What decides does no I/O"),
        ("intake/domain.py", "import random", "What decides decides the same twice"),
    ],
)
def test_a_wrong_import_breaks_its_contract(tree: Tree, plant: Plant, file: str, text: str, contract: str):
    folder = plant({**small_platform(), file: text}).root
    outcome = lint(tree.root / CONFIG, folder)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    broken = [line for line in outcome.stdout.splitlines() if "BROKEN" in line]
    assert [line for line in broken if line.startswith(contract)], outcome.stdout
