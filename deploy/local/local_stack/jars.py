"""The jars of Apache Kafka: named by two coordinates (jgo.toml), pinned by sha256 (jgo.lock.toml), kept per user.

`python -m local_stack.jars lock` resolves the coordinates anew and rewrites the lock.
"""

import hashlib
import os
import ssl
import sys
import tempfile
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from jgo.env import EnvironmentBuilder, EnvironmentSpec
from jgo.maven import MavenContext

from local_stack.faults import LocalStackError

HERE = Path(__file__).parent
SPEC_PATH = HERE / "jgo.toml"
LOCK_PATH = HERE / "jgo.lock.toml"
_DOWNLOADS_AT_ONCE = 4
_TIMEOUT_SECONDS = 60


class JarError(LocalStackError):
    """A jar can't be had or isn't the one that was locked."""


@dataclass(frozen=True)
class Jar:
    """One locked file of Maven Central."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """The file's name there and here."""
        return f"{self.artifact}-{self.version}.jar"


def read_lock(path: Path = LOCK_PATH) -> list[Jar]:
    """The locked jars. A jar without a checksum is an error: it could be anything."""
    locked = tomllib.loads(path.read_text())["dependencies"]
    jars = [Jar(row["groupId"], row["artifactId"], row["version"], row.get("sha256", "")) for row in locked]
    unlocked = [jar.filename for jar in jars if not jar.sha256]
    if unlocked:
        raise JarError(f"{path.name} has no checksum for {', '.join(unlocked)}")
    return jars


def cache_dir(state_dir: Path) -> Path:
    """`~/.cache/quittance` (XDG_CACHE_HOME), or a folder of the state where the home can't be written."""
    home_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    candidate = home_cache / "quittance"
    try:
        candidate.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=candidate):
            return candidate
    except OSError:
        return state_dir / "cache"


def fetch(folder: Path, say: Callable[[str], None] = lambda _: None) -> str:
    """Have every locked jar in the folder, right to the byte, and answer the class path of all of them.

    Raises JarError naming the jar that can't be fetched or does not match its checksum.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jars = read_lock()
    missing = [jar for jar in jars if not (folder / jar.filename).exists()]
    if missing:
        say(f"fetching {len(missing)} jars of Apache Kafka")
        with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
            list(pool.map(_download, missing, repeat(folder)))
    for jar in jars:
        _verify(jar, folder / jar.filename)
    return os.pathsep.join(str(folder / jar.filename) for jar in jars)


def _download(jar: Jar, folder: Path) -> None:
    _trust_the_certificates_of_pip()
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as repo:
        component = _context(Path(repo)).project(jar.group, jar.artifact).at_version(jar.version)
        try:
            path = component.artifact().resolve()
        except (OSError, RuntimeError) as error:
            raise JarError(f"{jar.filename} could not be fetched from Maven Central: {error}") from error
        _verify(jar, Path(path))
        Path(path).replace(folder / jar.filename)


def _verify(jar: Jar, path: Path) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != jar.sha256:
        raise JarError(f"{path} has sha256 {found}, locked is {jar.sha256}; delete the file to fetch it again")


def _context(repo: Path) -> MavenContext:
    mirror = os.environ.get("MAVEN_CENTRAL_URL")
    remotes = {"central": mirror} if mirror else None
    return MavenContext(repo_cache=repo, remote_repos=remotes, timeout=_TIMEOUT_SECONDS)


def _trust_the_certificates_of_pip() -> None:
    """`requests` reads REQUESTS_CA_BUNDLE only; where pip is told another way, or the system is, follow that."""
    if os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"):
        return
    system = ssl.get_default_verify_paths()
    for candidate in (os.environ.get("PIP_CERT"), system.cafile, system.capath):
        if candidate and Path(candidate).exists():
            os.environ["REQUESTS_CA_BUNDLE"] = candidate
            return


def write_lock() -> None:
    """Resolve the coordinates of jgo.toml and write what was found, with checksums."""
    _trust_the_certificates_of_pip()
    with tempfile.TemporaryDirectory() as repo:
        builder = EnvironmentBuilder(_context(Path(repo)), cache_dir=Path(repo) / "envs")
        builder.resolve_lockfile(EnvironmentSpec.load(SPEC_PATH)).save(LOCK_PATH)


if __name__ == "__main__":
    if sys.argv[1:] != ["lock"]:
        sys.exit("usage: python -m local_stack.jars lock")
    write_lock()
