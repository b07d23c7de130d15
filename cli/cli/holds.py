"""`release`: a hold's way back, by dunning's own HTTP interface."""

from rich.console import Console

from cli.client import call
from cli.desk_places import platform_of_up
from cli.places import state_dir
from cli.trace import find_case_file
from cli.up import operator_key


def release(console: Console, case_file: str, reason: str, because: str) -> None:
    """Let a case file move again as far as this reason goes, and say what else holds it."""
    platform = platform_of_up()
    case_file_id = find_case_file(case_file, platform)
    url = f"{platform.http_url('dunning')}/v1/case-files/{case_file_id}/hold-releases"
    answer = call(url, operator_key(state_dir()), {"reason": reason, "because": because}, service="dunning")
    left = ", ".join(answer["still_held"])
    console.print(f"{case_file_id}: no longer held for {reason}" + (f"; still held for {left}" if left else ""))
