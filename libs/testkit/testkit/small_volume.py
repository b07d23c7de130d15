"""A database server with a small volume, so that a disk can be full without harm to anybody."""

import functools
import shutil
import signal
import subprocess
from collections.abc import Sequence

from local_stack.postgres import Postgres, run_sql

TABLE_SPACE = "small_volume"
_MEGABYTES = 16
_NOBODY = 65534  # PostgreSQL refuses to run as root, which whoever mounts is
_MOUNT = 'mount -t tmpfs -o size="$1"m,mode=700 tmpfs "$2" && shift 2 && exec "$@"'


class SmallVolumePostgres(Postgres):
    """Beside its data it sees a volume of 16 MB, in memory and in a mount namespace of its own: an ordinary user may
    make one where the system lets him make user namespaces. The server's log lies elsewhere: one that can't write its
    log ends at once. What is on the volume is gone with the process.
    """

    def start(self) -> str:
        """As any server; then the table space is there."""
        url = super().start()
        run_sql(url, f"CREATE TABLESPACE {TABLE_SPACE} LOCATION '{self._folder / 'volume'}'")
        return url

    def _launch(self) -> None:
        volume = self._folder / "volume"
        volume.mkdir()
        server = [str(self._runner.binaries / "postgres"), "-D", str(self._folder / "data"), "-p", str(self._port)]
        self.processes.start(self.name, _with_volume(str(volume), server), stop_signal=signal.SIGINT)


@functools.cache
def may_mount() -> bool:
    """Whether the system lets us make a small volume."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(_with_volume("/mnt", ["true"]), capture_output=True, check=False).returncode == 0  # noqa: S603  a fixed command


def _with_volume(folder: str, command: Sequence[str]) -> list[str]:
    """A command that finds the volume in a folder, where nobody else sees it."""
    as_root = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _MOUNT, "sh", str(_MEGABYTES), folder]
    as_nobody = ["unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}"]
    return [*as_root, *as_nobody, *command]
