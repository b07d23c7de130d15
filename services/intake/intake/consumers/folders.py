"""The watched folders: a file that a client puts into his own is taken row by row, reported, and moved away."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import structlog

from common.service import Service
from intake.formats import reports, submissions
from intake.formats.refusals import UnreadableFile
from intake.formats.submissions import Handover, Taker
from intake.metrics import CLAIMS, FILES
from intake.repository import KnownClient, select_client_by_folder, select_client_folders

log = structlog.get_logger()
WAY = "folder"
SUFFIXES = (".csv", ".xml")
KINDS = {".csv": submissions.submit_csv, ".xml": submissions.submit_invoice}
TAKEN = ".taken"  # under `done`: one mark for each content that was taken to its end


async def take_from(path: Path, service: Service) -> None:
    """Take a file from the folder of a client. One that can't be read, and one in a folder of nobody, goes to `refused`
    with the reason.
    """
    client = await select_client_by_folder(service.pool, path.parent.name)
    if client is None:
        await asyncio.to_thread(refuse_file, path, UnreadableFile("unknown_folder", "no client has this folder"))
        return
    await take_file(path, client, service)


async def take_file(path: Path, client: KnownClient, taker: Taker) -> None:
    """Take every row, write the report into `done`, and then move the file there; one that can't be read goes to
    `refused` with the reason. May be cut short anywhere and begun again: no row counts twice.
    """
    try:
        waiting = await asyncio.to_thread(look_at, path)
        handover = Handover(
            client_id=client.client_id,
            client_number=client.enterprise_number,
            way=WAY,
            resumes=waiting.was_never_finished,
        )
        submit = KINDS[path.suffix.lower()]
        outcomes = submit(path, sha256=waiting.sha256, handover=handover, taker=taker)
        report = await reports.write_report(
            outcomes, folder=waiting.done, name=waiting.name, given_name=path.name, sha256=waiting.sha256
        )
    except UnreadableFile as refusal:
        await asyncio.to_thread(refuse_file, path, refusal)
        return
    await asyncio.to_thread(finish_file, path, waiting)
    FILES.labels(WAY, "taken").inc()
    for outcome in ("accepted", "repeated", "refused"):
        CLAIMS.labels(WAY, outcome).inc(getattr(report, outcome))
    log.info(
        "file_taken",
        client_id=str(client.client_id),
        sha256=waiting.sha256,
        accepted=report.accepted,
        repeated=report.repeated,
        refused=report.refused,
    )


@dataclass(frozen=True, kw_only=True)
class WaitingFile:
    """A file to take: the hash of its content, where it goes and under which name, and whether it is new."""

    sha256: str
    done: Path
    name: str
    was_never_finished: bool

    @property
    def mark(self) -> Path:
        """There once this content was taken to its end."""
        return self.done / TAKEN / self.sha256


def look_at(path: Path) -> WaitingFile:
    """What a file is. Raises UnreadableFile for a link, which could lead to what is not the client's."""
    if path.is_symlink():
        raise UnreadableFile("not_a_file", "it is a link to another file")
    done = path.parent / "done"
    (done / TAKEN).mkdir(parents=True, exist_ok=True)
    sha256 = submissions.digest_of(path)
    return WaitingFile(
        sha256=sha256,
        done=done,
        name=free_name(done, path.name, sha256),
        was_never_finished=not (done / TAKEN / sha256).exists(),
    )


def finish_file(path: Path, waiting: WaitingFile) -> None:
    """Move a file whose report is written."""
    path.replace(waiting.done / waiting.name)
    waiting.mark.touch()


def free_name(done: Path, name: str, sha256: str) -> str:
    """The file's own name, unless another file of that name was taken before."""
    there = done / name
    if not there.exists() or submissions.digest_of(there) == sha256:
        return name
    return f"{Path(name).stem}-{sha256[:12]}{Path(name).suffix}"


def refuse_file(path: Path, refusal: UnreadableFile) -> None:
    """Put the reason into `refused`, and then the file."""
    folder = path.parent / "refused"
    folder.mkdir(exist_ok=True)
    reports.write_refusal(path, folder=folder, code=refusal.code, reason=refusal.message)
    path.replace(folder / path.name)
    FILES.labels(WAY, "refused").inc()
    log.info("file_refused", folder=path.parent.name, code=refusal.code)


async def make_folders(watched: Path, service: Service) -> None:
    """The folder of every client that we have."""
    for folder in await select_client_folders(service.pool):
        await asyncio.to_thread((watched / folder).mkdir, parents=True, exist_ok=True)
