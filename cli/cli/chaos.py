"""`chaos`: processes killed under load, in a process of its own: the testkit is no part of the command line."""

import subprocess
import sys
from collections.abc import Sequence

from cli.places import checkout


def run_chaos(arguments: Sequence[str]) -> int:
    """Run testkit.chaos_report with the arguments; its own exit code."""
    command = [sys.executable, "-m", "testkit.chaos_report", *arguments]
    return subprocess.run(command, cwd=checkout(), check=False).returncode  # noqa: S603 - our own command line
