"""`up` and `down`: the whole platform of this checkout."""

import hashlib
import secrets
import socket
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from cli.places import agency_file, checkout, service_dirs, state_dir
from local_stack.places import write_secret
from local_stack.platform import SERVICES, Platform
from local_stack.sms import LOCAL_ACCOUNT_SID, LOCAL_AUTH_TOKEN, LOCAL_SENDER
from local_stack.stack import Stack

PREFERRED_HTTP_PORTS = {"intake": 8101, "dunning": 8102, "notifications": 8103, "ledger": 8104, "legal": 8105}


def built_services() -> list[str]:
    """The services that this checkout has."""
    built = {folder.name for folder in service_dirs()}
    return [service for service in SERVICES if service in built]


def the_platform(stack: Stack) -> Platform:
    """The platform of `up`, on the servers of the stack."""
    folders = folders_of(stack.state_dir)
    operator = {"OPERATOR_KEY_SHA256": hashlib.sha256(operator_key(stack.state_dir).encode()).hexdigest()}
    env = {
        "AGENCY_FILE": str(agency_file()),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(stack.smtp_port),
        "SMTP_ARCHIVE_FOLDER": str(stack.mail_folder),
        "SMS_BASE_URL": stack.sms_url,
        "SMS_ACCOUNT_SID": LOCAL_ACCOUNT_SID,
        "SMS_AUTH_TOKEN": LOCAL_AUTH_TOKEN,
        "SMS_SENDER": LOCAL_SENDER,
        **{name: str(folder) for name, folder in folders.items()},
    }
    return Platform(
        stack.state_dir,
        database_url=stack.database_url,
        bootstrap=stack.bootstrap_servers,
        services=built_services(),
        env=env,
        env_of={"intake": operator, "dunning": operator},
        pick_port=lambda service: stack.pick_port(f"{service}-http", PREFERRED_HTTP_PORTS[service], listener=service),
    )


def operator_key(state: Path) -> str:
    """The key that opens the making of clients and the release of holds; made once, kept for us alone."""
    path = state / "operator.key"
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(32))
    return path.read_text()


def folders_of(state: Path) -> dict[str, Path]:
    """Where files come in and go out, by the name of the setting."""
    return {
        "WATCH_FOLDER": state / "watch",
        "PRINT_FOLDER": state / "letters",
        "BANK_IN": state / "bank" / "in",
        "BANK_OUT": state / "bank" / "out",
    }


def start(console: Console) -> None:
    """Start what does not run yet."""
    stack = Stack(state_dir(), say=lambda text: console.print(f"  {text}", style="dim"))
    with console.status("starting the servers"):
        stack.start_servers()
        stack.start_doubles()
    for folder in folders_of(stack.state_dir).values():
        folder.mkdir(parents=True, exist_ok=True)
    platform = the_platform(stack)
    with console.status("making topics and databases, applying migrations"):
        platform.prepare()
    with console.status("starting the services"):
        platform.start()
    _print_places(console, stack, platform)
    for sentence in agency_gaps(agency_file()):
        console.print(f"[yellow]{sentence}[/]")


def stop(console: Console) -> None:
    """Services first, then what they stand on."""
    stack = Stack(state_dir())
    stopped = stack.stop()
    console.print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


def agency_gaps(path: Path) -> list[str]:
    """What agency.toml lacks: without it nothing is sent."""
    if not path.exists():
        return [f"{path} is missing: nothing will be sent"]
    try:
        agency = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as fault:
        return [f"{path} cannot be read ({fault}): nothing will be sent"]
    wanted = {
        "name": agency.get("name"),
        "address_lines": agency.get("address_lines"),
        "phone": agency.get("phone"),
        "email": agency.get("email"),
        "website": agency.get("website"),
        "complaints_address": agency.get("complaints_address"),
        **{
            f"trust_account.{land}.{name}": agency.get("trust_account", {}).get(land, {}).get(name)
            for land in ("NL", "BE")
            for name in ("iban", "bic", "holder")
        },
        **{f"supervisor.{land}": agency.get("supervisor", {}).get(land) for land in ("NL", "BE")},
        **{
            f"registration.{name}": agency.get("registration", {}).get(name)
            for name in ("justis", "kvk", "kbo", "fod_economie")
        },
    }
    return [f"agency.toml lacks {name}: nothing will be sent" for name, value in wanted.items() if not value]


def _print_places(console: Console, stack: Stack, platform: Platform) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2))
    for service in platform.services:
        table.add_row(service, platform.http_url(service))
    database = urlsplit(stack.database_url)
    table.add_row("PostgreSQL", f"{database.hostname}:{database.port}, databases quittance_<service>")
    table.add_row("Kafka", stack.bootstrap_servers)
    if stack.partner_bootstrap_servers:
        table.add_row("Kafka for partners", f"{stack.partner_bootstrap_servers} (SCRAM-SHA-512)")
    folders = {"mail": stack.mail_folder, "SMS": stack.sms_folder, "logs": platform.processes.log_dir}
    named = {
        "claims come in": "WATCH_FOLDER",
        "letters": "PRINT_FOLDER",
        "statements": "BANK_IN",
        "payments": "BANK_OUT",
    }
    folders |= {title: folders_of(stack.state_dir)[name] for title, name in named.items()}
    for title, folder in folders.items():
        table.add_row(title, str(folder.relative_to(checkout())))
    console.print(f"[bold green]The platform runs[/] on {socket.gethostname()}, on loopback addresses only.")
    console.print(table)
