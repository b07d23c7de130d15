"""The whole platform for a benchmark: five services as processes, as `./quittance up` starts them, with a mail server
as a process, one client, and claims on Dutch consumers whose first notice is a mail.

No notice goes on the day on which its claim came: claims of one day stand in one notice, and
it goes in the next hour of sending (`dunning.domain.path`). So the clocks of the services stand (`common.clock`) and
are moved from one hour of sending to the next; what is measured is the system's time, without the night in between.
"""

import csv
import hashlib
import io
import json
import os
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from _stand import Stand, say

from cli.demo.clients import CLIENTS
from cli.demo.handing_over import CSV, JSON, OPERATOR_KEY
from cli.demo.http import HttpClient
from cli.demo.people import make_debtor
from cli.places import agency_file
from common.stepping import Stepped, Stepper
from contracts.registry import topics_of
from dunning.domain.sending_times import first_slot, first_slot_on
from dunning.domain.strategies import strategies
from local_stack.platform import SERVICES, Platform
from local_stack.ports import Ports, is_free
from local_stack.postgres import run_sql
from local_stack.processes import Processes
from local_stack.sms import LOCAL_ACCOUNT_SID, LOCAL_AUTH_TOKEN, LOCAL_SENDER

LONGEST_SECONDS = 180.0
LOOK_EVERY_SECONDS = 0.1
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
SEGMENT = "nl_consumer"


@dataclass(kw_only=True)
class Scene:
    """A platform that runs, its one client, and what to look at from outside."""

    stand: Stand
    folder: Path
    platform: Platform
    stepper: Stepper
    now: datetime  # where the clocks of the services stand
    smtp_port: int
    api_key: str = ""
    claims: int = 0  # handed out so far, so that no two are alike
    http: HttpClient = field(default_factory=HttpClient)

    @property
    def mail_folder(self) -> Path:
        return self.folder / "mail"

    def mails(self) -> int:
        """How many mails were accepted by now."""
        with os.scandir(self.mail_folder) as entries:
            return sum(entry.name.endswith(".eml") for entry in entries)

    def accepted_at(self) -> list[float]:
        """When each mail was accepted, by the system's time, in order."""
        with os.scandir(self.mail_folder) as entries:
            return sorted(entry.stat().st_mtime for entry in entries if entry.name.endswith(".eml"))

    def wait_for_mails(self, count: int, *, look_every_seconds: float = LOOK_EVERY_SECONDS) -> None:
        """Until so many mails were accepted in all. Raises TimeoutError saying what the platform has left to do."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while (have := self.mails()) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{have} of {count} mails after {LONGEST_SECONDS:.0f} seconds; see {self.folder}")
            time.sleep(look_every_seconds)

    async def next_day(self) -> None:
        """Move every clock to the next hour at which notices go: what was planned for it is due."""
        self.now = first_slot_on(strategies()[SEGMENT], self.now.date() + timedelta(days=1))
        await self.stepper.move_to(self.now)

    def planned(self) -> int:
        """How many case files wait for the next hour of sending with their first notice."""
        when = f"due_at > '{self.now.isoformat()}' AND state ->> 'step' = '0'"
        query = f"SELECT count(*) FROM case_file WHERE {when}"  # noqa: S608
        return int(self.ask("dunning", query)[0][0])

    def wait_until_planned(self, count: int) -> None:
        """Until dunning has the facts of so many case files, and an hour for their notices. Raises TimeoutError."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while (have := self.planned()) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{have} of {count} files planned after {LONGEST_SECONDS:.0f} seconds")
            time.sleep(LOOK_EVERY_SECONDS)

    def ask(self, service: str, query: str) -> list[list[str]]:
        """Rows of a service's database, as text."""
        return run_sql(self.platform.database(service).owner_url, query)

    def a_claim(self) -> dict[str, str]:
        """The fields of a claim on a debtor of his own, who can be reached by mail."""
        self.claims += 1
        number = self.claims
        debtor = make_debtor(Random(f"bench {number}"), number=number, segment=SEGMENT)  # noqa: S311  no secret
        today = self.now.date()
        return {
            "client_reference": f"B-{number:07d}",
            "invoice_number": f"F-{number:07d}",
            "invoice_date": (today - timedelta(days=90)).isoformat(),
            "due_date": (today - timedelta(days=60)).isoformat(),
            "description": "Levering van energie",
            "principal": f"{100 + number % 900}.50",
            "debtor_type": "consumer",
            "debtor_name": debtor.name,
            "street": debtor.address.street,
            "house_number": str(number),
            "postcode": debtor.address.postcode,
            "city": debtor.address.city,
            "country": "NL",
            "language": "nl",
            "email": f"debtor.{number}@post.example",
        }

    def csv_of(self, count: int) -> bytes:
        """A client's file of so many claims."""
        rows = [self.a_claim() for _ in range(count)]
        out = io.StringIO()
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue().encode()

    def post_file(self, body: bytes) -> list[dict[str, Any]]:
        """Put a file at intake; answers what became of each row. Raises AssertionError when a row was refused."""
        answer = self._post("/v1/claim-files", body, content_type=CSV)
        report = answer.json()
        assert answer.status == 200, f"the file was not taken whole: {answer.status} {str(report)[:500]}"
        return report["results"]

    def post_claim(self, body: bytes, *, key: str) -> dict[str, Any]:
        """Register one claim; returns once intake answered 201."""
        answer = self._post("/v1/claims", body, content_type=JSON, headers={"Idempotency-Key": key})
        assert answer.status == 201, f"the claim was not taken: {answer.status} {answer.body[:500]!r}"
        return answer.json()

    def _post(self, path: str, body: bytes, *, content_type: str, headers: dict[str, str] | None = None) -> Any:
        bearer = {"Authorization": f"Bearer {self.api_key}", **(headers or {})}
        return self.http.post(self.platform.http_url("intake") + path, body, content_type=content_type, headers=bearer)

    def processor_seconds(self) -> dict[str, float]:
        """Processor time of each part so far; PostgreSQL's backends stand with the service that they work for."""
        found = {service: seconds_of(pid) for service, pid in self._pids(self.platform.processes, SERVICES).items()}
        found |= {name: seconds_of(pid) for name, pid in self._pids(Processes(self.folder), ("smtp",)).items()}
        servers = self._pids(Processes(self.stand.folder), ("kafka", "postgres"))
        found["kafka"] = seconds_of(servers["kafka"])
        found["postgres: rest"] = seconds_of(servers["postgres"])
        for pid, title in children_of(servers["postgres"]).items():
            service = next((name for name in SERVICES if f" bench_{name} " in title), "rest")
            part = f"postgres: {service}"
            found[part] = found.get(part, 0.0) + seconds_of(pid)
        return found

    @staticmethod
    def _pids(processes: Processes, names: Sequence[str]) -> dict[str, int]:
        return {name: child.pid for name in names if (child := processes.child(name)) is not None}


@contextmanager
def a_scene(stand: Stand) -> Generator[Scene]:
    """The platform started from nothing on these servers, with a client; stopped and forgotten at the end."""
    folder = stand.folder / "platform"
    ports = Ports()
    smtp_port = ports.pick("SMTP")
    platform = make_platform(stand, folder, smtp_port=smtp_port, sms_port=ports.pick("SMS"))
    say("making topics and databases, starting the mail server and the services")
    platform.prepare()
    now = first_slot(strategies()[SEGMENT], datetime.now(UTC))
    for service in SERVICES:
        run_sql(platform.database(service).owner_url, f"INSERT INTO clock (now) VALUES ('{now.isoformat()}')")  # noqa: S608
    processes = Processes(folder)
    stepped = {
        service: Stepped(
            database_url=platform.database(service).owner_url, topics=topics_of(service, platform.partners)
        )
        for service in SERVICES
    }
    try:
        start_smtp(processes, folder, smtp_port)
        platform.start()
        scene = Scene(
            stand=stand,
            folder=folder,
            platform=platform,
            stepper=Stepper(stepped, bootstrap=stand.bootstrap, prefix=platform.topic_prefix),
            now=now,
            smtp_port=smtp_port,
        )
        scene.api_key = register_client(scene)
        yield scene
    finally:
        platform.erase()
        processes.stop("smtp")


def make_platform(stand: Stand, folder: Path, *, smtp_port: int, sms_port: int) -> Platform:
    """The five services with folders of their own."""
    places = {name: folder / name.lower() for name in ("WATCH_FOLDER", "PRINT_FOLDER", "BANK_IN", "BANK_OUT")}
    for place in (*places.values(), folder / "mail"):
        place.mkdir(parents=True, exist_ok=True)
    env = {
        **{name: str(place) for name, place in places.items()},
        "AGENCY_FILE": str(agency_file()),
        "OPERATOR_KEY_SHA256": hashlib.sha256(OPERATOR_KEY.encode()).hexdigest(),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(smtp_port),
        "SMTP_ARCHIVE_FOLDER": str(folder / "mail"),
        "SMS_BASE_URL": f"http://127.0.0.1:{sms_port}",  # nobody listens: no notice here is an SMS
        "SMS_ACCOUNT_SID": LOCAL_ACCOUNT_SID,
        "SMS_AUTH_TOKEN": LOCAL_AUTH_TOKEN,
        "SMS_SENDER": LOCAL_SENDER,
    }
    return Platform(
        folder,
        database_url=stand.database_url,
        bootstrap=stand.bootstrap,
        database_prefix="bench_",
        topic_prefix="bench_",
        env=env,
    )


def start_smtp(processes: Processes, folder: Path, port: int) -> None:
    """The local stack's mail server, as `up` starts it."""
    command = [sys.executable, "-m", "local_stack.smtp", "--port", str(port), "--folder", str(folder / "mail")]
    processes.start("smtp", command, cwd=folder)
    deadline = time.monotonic() + LONGEST_SECONDS
    while is_free(port):
        if not processes.is_running("smtp") or time.monotonic() > deadline:
            raise TimeoutError(f"the mail server does not start:\n{processes.log_tail('smtp')}")
        time.sleep(0.02)


def register_client(scene: Scene) -> str:
    """The operator makes the one client; answers his key."""
    body = json.dumps(CLIENTS[0].registration()).encode()
    operator = {"Authorization": f"Bearer {OPERATOR_KEY}"}
    url = scene.platform.http_url("intake") + "/v1/clients"
    answer = scene.http.post(url, body, content_type=JSON, headers=operator)
    assert answer.status == 201, f"the client was not registered: {answer.status} {answer.body!r}"
    return answer.json()["api_key"]


def seconds_of(pid: int) -> float:
    """Processor time of a process; with that of its children that ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS_A_SECOND


def children_of(pid: int) -> dict[int, str]:
    """The processes that this one started, with their titles."""
    found: dict[int, str] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found[int(stat.parent.name)] = (stat.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it ended while we looked
    return found
