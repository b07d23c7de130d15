"""Knowing one service is knowing all: each is the same few files."""

import re

import pytest
from source_tree import Plant, Rule, Tree, listed

MODULES = ("app", "settings", "consumers", "handlers", "domain", "repository", "metrics")
OPTIONAL_MODULES = {"__init__", "http"}
OUTSIDE = {"intake": {"formats"}, "ledger": {"bank"}, "notifications": {"channels"}, "legal": {"procedures"}}
MIGRATION = re.compile(r"\d{4}_[a-z]+(_[a-z0-9]+)+\.sql")
BANNED_MODULES = {"util", "utils", "helper", "helpers", "manager", "managers", "model", "models", "misc"}


def missing_files(tree: Tree) -> list[str]:
    """What a service lacks of the files that every service has."""
    found: list[str] = []
    for service in tree.services():
        folder = tree.root / "services" / service
        package = folder / service
        found += [
            f"services/{service}: no {module}.py"
            for module in MODULES
            if not (package / f"{module}.py").is_file() and not (package / module / "__init__.py").is_file()
        ]
        files = ("README.md", f"{service}/sql/queries.sql", f"{service}/sql/schema.sql")
        found += [f"services/{service}: no {file}" for file in files if not (folder / file).is_file()]
        found += [
            f"services/{service}: no test under tests/{layer}"
            for layer in ("unit", "integration")
            if not list((folder / "tests" / layer).rglob("test_*.py"))
        ]
    return found


def strange_files(tree: Tree) -> list[str]:
    """Python modules that no other service would have (make a package of a file), and modules named for nothing."""
    found: list[str] = []
    for source in tree.code():
        known = {*MODULES, *OPTIONAL_MODULES, *OUTSIDE.get(source.member, set())}
        if source.is_service and source.module not in known:
            found.append(
                f"{source.name}: {source.module} is none of a service's files; make a package of the one it belongs to"
            )
        if BANNED_MODULES.intersection(part.removesuffix(".py") for part in source.parts):
            found.append(f"{source.name}: named for no thing")
    return found


def misnumbered_migrations(tree: Tree) -> list[str]:
    """Migrations are numbered from 0001 without a gap or a double, and named verb first."""
    found: list[str] = []
    for service in tree.services():
        names = sorted(path.name for path in (tree.root / "services" / service / service / "sql/migrations").glob("*"))
        if not names:
            found.append(f"services/{service}: no migration")
        found += [
            f"services/{service}: {name} is not NNNN_verb_noun.sql" for name in names if not MIGRATION.fullmatch(name)
        ]
        numbers = [name[:4] for name in names]
        if numbers != [f"{number:04}" for number in range(1, len(names) + 1)]:
            found.append(f"services/{service}: migrations are numbered {', '.join(numbers)}")
    return found


@pytest.mark.parametrize("rule", [missing_files, strange_files, misnumbered_migrations])
def test_every_service_is_the_same_few_files(tree: Tree, rule: Rule):
    assert len(tree.services()) >= 5
    found = rule(tree)
    assert not found, listed(found)


def a_service(name: str) -> dict[str, str]:
    """The files of a whole service."""
    folder = f"services/{name}"
    modules = {f"{folder}/{name}/{module}.py": "" for module in ("__init__", *MODULES)}
    sql = {f"{folder}/{name}/sql/{file}.sql": "" for file in ("queries", "schema", "migrations/0001_create_tables")}
    tests = {f"{folder}/tests/{layer}/test_it.py": "" for layer in ("unit", "integration")}
    return {**modules, **sql, **tests, f"{folder}/README.md": "", f"{folder}/pyproject.toml": ""}


def test_a_whole_service_passes_and_may_split_a_file_into_a_package(plant: Plant):
    files = a_service("ledger")
    del files["services/ledger/ledger/domain.py"]
    files |= {f"services/ledger/ledger/{file}.py": "" for file in ("domain/__init__", "domain/journals", "bank/camt")}
    made_up = plant(files)
    assert [*missing_files(made_up), *strange_files(made_up), *misnumbered_migrations(made_up)] == []


def test_a_service_that_lacks_files_is_found(plant: Plant):
    files = a_service("ledger")
    for name in ("ledger/metrics.py", "ledger/sql/schema.sql", "tests/integration/test_it.py", "README.md"):
        del files[f"services/ledger/{name}"]
    assert missing_files(plant(files)) == [
        "services/ledger: no metrics.py",
        "services/ledger: no README.md",
        "services/ledger: no ledger/sql/schema.sql",
        "services/ledger: no test under tests/integration",
    ]


def test_a_file_of_its_own_kind_is_found(plant: Plant):
    strange = ["services/legal/legal/bank/camt.py", "services/legal/legal/rules.py", "libs/common/common/utils.py"]
    made_up = plant({**a_service("legal"), **dict.fromkeys(strange, ""), "libs/common/common/data/helpers.py": ""})
    assert [line.split(": ")[0] for line in strange_files(made_up)] == [
        "libs/common/common/data/helpers.py",
        "libs/common/common/utils.py",
        "services/legal/legal/bank/camt.py",
        "services/legal/legal/rules.py",
    ]


@pytest.mark.parametrize(
    "name", ["0003_add_index.sql", "0001_again_once.sql", "0002-add-index.sql", "0002_index.sql", "0002_a_b.py"]
)
def test_a_misnumbered_or_misnamed_migration_is_found(plant: Plant, name: str):
    assert misnumbered_migrations(plant({**a_service("legal"), f"services/legal/legal/sql/migrations/{name}": ""}))
