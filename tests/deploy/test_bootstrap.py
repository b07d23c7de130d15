"""The bootstrap script where something is missing. What it installs is tried by the pipeline itself."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "quittance"
TOOLS = ("sh", "cat", "cksum", "dirname", "mkdir", "mv", "rm", "tail", "env")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout whose path has a space, and a PATH of the tools of POSIX alone."""
    checkout = tmp_path / "a checkout"
    checkout.mkdir()
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (tmp_path / "bin" / tool).symlink_to(found)
    shutil.copy(SCRIPT, checkout)
    for name in ("uv.lock", "pyproject.toml", "cli/pyproject.toml", "libs/common/pyproject.toml"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(name)
    return checkout


def a_program(checkout: Path, name: str, text: str) -> None:
    path = checkout.parent / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(checkout.parent / "bin"), "HOME": str(checkout.parent)}
    return subprocess.run(
        [str(checkout / "quittance"), *arguments], env=env, capture_output=True, text=True, check=False
    )


def test_without_a_python_it_says_which_one_to_install(bare: Path):
    answer = run(bare, "--help")

    assert answer.returncode == 1
    assert "no Python 3.11 or newer" in answer.stderr
    assert "apt-get install python3" in answer.stderr


def test_an_old_python_is_passed_over_for_a_newer_one_under_another_name(bare: Path):
    a_program(bare, "python3", "exit 1")
    a_program(bare, "python3.12", 'case "$*" in *venv*) echo "no ensurepip"; exit 1 ;; *pip*) exit 1 ;; esac; exit 0')

    answer = run(bare, "--help")

    assert answer.returncode == 1
    assert "python3.12 has neither the venv module nor pip" in answer.stderr
    assert "apt-get install python3-venv" in answer.stderr


def test_what_is_installed_is_used_at_once_and_an_interrupted_install_is_not(bare: Path):
    python = bare / ".quittance" / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "ran $*"\n')
    python.chmod(0o755)
    unfinished = run(bare, "status")
    made = f'printf "%s\\n" "$uv_version {bare}"; cat uv.lock pyproject.toml cli/*.toml libs/common/*.toml | cksum'
    version = next(line for line in SCRIPT.read_text().splitlines() if line.startswith("uv_version="))
    stamp = subprocess.run(
        ["sh", "-c", f"{version}; {made}"], cwd=bare, capture_output=True, text=True, check=True
    ).stdout
    (bare / ".quittance" / "installed").write_text(stamp)

    finished = run(bare, "status", "two words")
    (bare / "uv.lock").write_text("another lock")
    changed = run(bare, "status")

    assert "no Python 3.11 or newer" in unfinished.stderr
    assert (finished.returncode, finished.stdout) == (0, "ran -m cli status two words\n")
    assert "no Python 3.11 or newer" in changed.stderr


def test_the_scripts_can_be_run_as_they_are_checked_out():
    for path in (SCRIPT, SCRIPT.parent / ".ci" / "run"):
        assert os.access(path, os.X_OK)
        assert subprocess.run(["sh", "-n", str(path)], check=False).returncode == 0
