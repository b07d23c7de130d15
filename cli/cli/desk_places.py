"""Where the desk's commands look: the services of the platform that `up` runs."""

import sys
from collections.abc import Sequence

from rich.console import Console

from cli.places import state_dir
from cli.up import the_platform
from local_stack.faults import LocalStackError
from local_stack.platform import Platform
from local_stack.stack import Stack

WIDE = 1000  # columns where nobody looks: a file or a pipe must not lose the end of a line


def platform_of_up() -> Platform:
    """The platform of `up`. Raises LocalStackError when its servers do not run."""
    stack = Stack(state_dir())
    if not stack.servers_run:
        raise LocalStackError("the servers do not run; ./quittance up starts them")
    return the_platform(stack)


def services_of(platform: Platform, service: str | None) -> Sequence[str]:
    """The one that is named, or all."""
    if service is None:
        return platform.services
    url_of(platform, service)
    return [service]


def url_of(platform: Platform, service: str) -> str:
    """The database of a service. Raises LocalStackError for a name that is none."""
    if service not in platform.services:
        raise LocalStackError(f"no service is named {service}; there are {', '.join(platform.services)}")
    return platform.database(service).url


def console() -> Console:
    """Where the commands print."""
    on_terminal = sys.stdout.isatty()
    return Console(highlight=False, soft_wrap=not on_terminal, width=None if on_terminal else WIDE)
