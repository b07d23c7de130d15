"""The SQL linters, with our settings, know our style from another, and a migration that locks from a harmless one."""

import subprocess
import sys
from pathlib import Path

import pytest
from source_tree import Plant, Tree

BIN = Path(sys.executable).parent

HOUSE_STYLE = """\
-- name: select_due_case_files
SELECT
    c.case_file_id,
    count(*) AS claim_count
FROM case_file AS c
JOIN claim AS m ON c.case_file_id = m.case_file_id
WHERE
    c.due_at <= $1
    AND m.handler IS NOT NULL
GROUP BY c.case_file_id
LIMIT $2;
"""


def lint_query(tree: Tree, text: str) -> subprocess.CompletedProcess[str]:
    arguments = [str(BIN / "sqlfluff"), "lint", "--nocolor", "-"]
    return subprocess.run(arguments, cwd=tree.root, input=text, capture_output=True, text=True, check=False)


def lint_migration(tree: Tree, folder: Path) -> subprocess.CompletedProcess[str]:
    arguments = [str(BIN / "squawk"), "--config", str(tree.root / ".squawk.toml"), *map(str, folder.rglob("*.sql"))]
    return subprocess.run(arguments, cwd=tree.root, capture_output=True, text=True, check=False)


def test_a_query_in_our_style_passes(tree: Tree):
    outcome = lint_query(tree, HOUSE_STYLE.replace("\nLIMIT $2", "\nORDER BY c.case_file_id\nLIMIT $2"))
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("select 1;\n", "capitalisation.keywords"),
        ("SELECT a FROM b WHERE c = $1 ORDER BY a\n;", "layout.keyword_newline"),
        ("SELECT a, b\nFROM c;\n", "layout.select_targets"),
        (HOUSE_STYLE, "ambiguous.order_by_limit"),
        ("SELECT COUNT(*) AS n\nFROM c;\n", "capitalisation.functions"),
    ],
)
def test_a_query_in_another_style_is_found(tree: Tree, text: str, rule: str):
    outcome = lint_query(tree, text)
    assert outcome.returncode != 0
    assert rule in outcome.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("ALTER TABLE case_file ADD COLUMN held boolean;", "require-lock-timeout"),
        ("SET lock_timeout = '5s';\nALTER TABLE case_file DROP COLUMN held;", "ban-drop-column"),
        (
            "SET lock_timeout = '5s';\nALTER TABLE case_file ALTER COLUMN held SET NOT NULL;",
            "adding-not-nullable-field",
        ),
        ("SET lock_timeout = '5s';\nALTER TABLE case_file RENAME COLUMN held TO on_hold;", "renaming-column"),
    ],
)
def test_a_migration_that_stops_the_running_version_is_found(tree: Tree, plant: Plant, statement: str, rule: str):
    outcome = lint_migration(tree, plant({"0002_change_case_file.sql": f"{statement}\n"}).root)
    assert outcome.returncode == 1
    assert rule in outcome.stdout


def test_a_migration_of_one_transaction_under_a_lock_timeout_passes(tree: Tree, plant: Plant):
    text = (
        "SET lock_timeout = '5s';\n\n"
        "CREATE TABLE hold (hold_id uuid PRIMARY KEY, shard smallint NOT NULL);\n\n"
        "CREATE INDEX hold_shard ON hold (shard);\n\n"
        "ALTER TABLE case_file ADD COLUMN held boolean;\n"
    )
    outcome = lint_migration(tree, plant({"0001_create_hold.sql": text}).root)
    assert outcome.returncode == 0, outcome.stdout
