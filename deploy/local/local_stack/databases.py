"""One database a service, two roles: `<service>_owner` migrates, `<service>` runs and can drop or disable nothing."""

import hashlib
import hmac
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from local_stack.places import write_secret
from local_stack.postgres import PostgresError, database_url, identifier, literal, run_sql

MIGRATIONS_AT_ONCE = 2


@dataclass(frozen=True)
class ServiceDatabase:
    """Where a service's rows are, as the role that runs and as the one that migrates."""

    service: str
    name: str
    url: str
    owner_url: str


class Databases:
    """The databases `<prefix><service>` on one server.

    Roles belong to the server, so their passwords come from the superuser's own by HMAC: two platforms on one server
    agree on them. Where the superuser needs no password, a secret of the state folder takes its place.
    """

    def __init__(self, server_url: str, *, prefix: str, state_dir: Path) -> None:
        self._server_url = server_url
        self._prefix = prefix
        self._state_dir = state_dir

    def of(self, service: str) -> ServiceDatabase:
        """Names and URLs; nothing is made."""
        name = f"{self._prefix}{service}"
        owner = f"{service}_owner"
        return ServiceDatabase(
            service=service,
            name=name,
            url=database_url(self._server_url, name, user=service, password=self._password(service)),
            owner_url=database_url(self._server_url, name, user=owner, password=self._password(owner)),
        )

    def create(self, services: Sequence[str]) -> None:
        """Roles and databases that are missing."""
        existing = {row[0] for row in run_sql(self._server_url, "SELECT datname FROM pg_database")}
        for service in services:
            owner, name = f"{service}_owner", f"{self._prefix}{service}"
            for role in (owner, service):
                self._create_role(role)
            if name in existing:
                continue
            run_sql(self._server_url, f"CREATE DATABASE {identifier(name)} OWNER {identifier(owner)}")
            # nobody but these two comes in, and the run role makes nothing
            run_sql(
                self._server_url,
                f"REVOKE ALL ON DATABASE {identifier(name)} FROM PUBLIC;"
                f"GRANT CONNECT ON DATABASE {identifier(name)} TO {identifier(service)}",
            )

    def migrate(self, services: Sequence[str]) -> None:
        """Apply what is missing, a process a service. Raises PostgresError with what the migration said."""
        with ThreadPoolExecutor(MIGRATIONS_AT_ONCE) as pool:
            list(pool.map(self._migrate, services))

    def drop(self, services: Sequence[str]) -> None:
        """Forget all rows; sessions that are still open are ended. Roles stay, other databases may use them."""
        for service in services:
            name = identifier(f"{self._prefix}{service}")
            run_sql(self._server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _create_role(self, role: str) -> None:
        password = literal(self._password(role))
        run_sql(
            self._server_url,
            f"DO $$ BEGIN CREATE ROLE {identifier(role)} LOGIN PASSWORD {password};"
            f" EXCEPTION WHEN duplicate_object THEN ALTER ROLE {identifier(role)} LOGIN PASSWORD {password}; END $$",
        )

    def _migrate(self, service: str) -> None:
        answer = subprocess.run(  # noqa: S603 - our own command line
            [sys.executable, "-m", "common.migrate", service],
            env={**os.environ, "OWNER_DATABASE_URL": self.of(service).owner_url},
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise PostgresError(f"the migrations of {service} failed:\n{answer.stdout}{answer.stderr}")

    def _password(self, role: str) -> str:
        superuser_password = unquote(urlsplit(self._server_url).password or "")
        key = superuser_password or self._secret()
        return hmac.new(key.encode(), role.encode(), hashlib.sha256).hexdigest()

    def _secret(self) -> str:
        path = self._state_dir / "roles.secret"
        if not path.exists():
            write_secret(path, secrets.token_urlsafe(24))
        return path.read_text()
