"""Watched folders: what a client, a bank or a printer puts there is taken once it is whole."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

log = structlog.get_logger()
UNFINISHED = (".tmp", ".part", ".partial")
LOOK_EVERY_SECONDS = 0.2


def files_in(folder: Path, suffixes: tuple[str, ...], *, depth: int) -> list[Path]:
    """Whole files of these kinds, `depth` folders down, in order of name. Its writer renames it when whole."""
    pattern = "*/" * depth + "*"
    return sorted(
        path
        for path in folder.glob(pattern)
        if path.is_file() and path.suffix.lower() in suffixes and not path.name.startswith(".")
    )


async def watch_folder(
    folder: Path, take: Callable[[Path], Awaitable[None]], *, suffixes: tuple[str, ...], depth: int = 0
) -> None:
    """Hand each file to `take`, one after the other, until cancelled. `take` moves it away when it is done; a file
    that `take` fails on is tried again later, behind the others.
    """
    tries: dict[Path, int] = {}
    while True:
        for path in sorted(files_in(folder, suffixes, depth=depth), key=lambda p: (tries.get(p, 0), p)):
            try:
                await take(path)
                tries.pop(path, None)
            except Exception:
                tries[path] = tries.get(path, 0) + 1
                log.exception("file_not_taken", suffix=path.suffix, tries=tries[path])
                await asyncio.sleep(min(10.0, 0.2 * 2 ** tries[path]))
        await asyncio.sleep(LOOK_EVERY_SECONDS)
