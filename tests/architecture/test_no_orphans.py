"""Nothing stands alone: each topic, message and query has who makes it and who uses it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import yaml
from source_tree import Plant, Rule, Source, Tree, listed

TOPICS = "libs/contracts/contracts/topics.yaml"
PARTNER = "partner"
QUERY = re.compile(r"^-- name: (\w+)", re.MULTILINE)
TOPIC = re.compile(r"[a-z]+\.[a-z{}-]+\.v\d+")
QUERY_HOLDERS = {"queries", "sql"}


@dataclass(frozen=True)
class MessageModel:
    """An event or command as its class in `contracts` declares it."""

    name: str
    kind: str  # Event or Command
    topic: str
    external: bool


def topics_of(tree: Tree) -> dict[str, dict]:
    return yaml.safe_load((tree.root / TOPICS).read_text(encoding="utf-8"))


def messages_of(tree: Tree) -> list[MessageModel]:
    """Every message model of `contracts`, in the order of its files."""
    classes = [
        node
        for source in tree.code()
        if source.member == "contracts"
        for node in source.syntax.body
        if isinstance(node, ast.ClassDef)
    ]
    return [message for node in classes if (message := as_message(node)) is not None]


def as_message(node: ast.ClassDef) -> MessageModel | None:
    kinds = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in {"Event", "Command"}]
    constants = {
        line.target.id: line.value.value
        for line in node.body
        if isinstance(line, ast.AnnAssign)
        and isinstance(line.target, ast.Name)
        and isinstance(line.value, ast.Constant)
    }
    if not kinds:
        return None
    return MessageModel(node.name, kinds[0], constants.get("topic", ""), bool(constants.get("external")))


def used_names(source: Source) -> set[str]:
    """Names that the code of a file uses, its imports aside."""
    return {node.id for node in ast.walk(source.syntax) if isinstance(node, ast.Name)}


def made_names(source: Source) -> set[str]:
    """Names that are called: `PaymentReceived(...)`, and `PaymentReceived.of(...)` too."""
    called = [node.func for node in ast.walk(source.syntax) if isinstance(node, ast.Call)]
    owners = [function.value if isinstance(function, ast.Attribute) else function for function in called]
    return {owner.id for owner in owners if isinstance(owner, ast.Name)}


def consumed_by(tree: Tree) -> dict[str, set[str]]:
    """The names in each service's table of consumers."""
    found: dict[str, set[str]] = {service: set() for service in tree.services()}
    for source in tree.code():
        if source.is_service and source.module == "consumers":
            found[source.member] |= used_names(source)
    return found


def made_by(tree: Tree) -> dict[str, set[str]]:
    """What the code of each service, and of the command line, makes."""
    found: dict[str, set[str]] = {}
    for source in tree.code():
        if source.is_service or source.member == "cli":
            found.setdefault(source.member, set()).update(made_names(source))
    return found


def orphan_topics(tree: Tree) -> list[str]:
    """Topics without an owner of ours, a message, or the consumers that they declare; messages without a topic."""
    topics, messages, consumed = topics_of(tree), messages_of(tree), consumed_by(tree)
    found = [f"{message.name}: no topic {message.topic!r}" for message in messages if message.topic not in topics]
    for name, topic in topics.items():
        on_it = {message.name for message in messages if message.topic == name}
        readers = {service for service, names in consumed.items() if names & on_it}
        if topic["owner"] not in {*tree.services(), PARTNER} or name.split(".")[0] not in tree.services():
            found.append(f"{name}: owner {topic['owner']} is no service")
        if not on_it:
            found.append(f"{name}: no message goes there")
        if readers != set(topic["consumers"]):
            found.append(f"{name}: declares {sorted(topic['consumers'])}, is read by {sorted(readers)}")
        if not readers and not topic.get("external"):
            found.append(f"{name}: nobody reads it and it is not external")
    return found


def unread_topics(tree: Tree) -> list[str]:
    """A service whose `app` spells out its topics must spell out those that name it as consumer, and no other."""
    found: list[str] = []
    for service in tree.services():
        declared = {name for name, topic in topics_of(tree).items() if service in topic["consumers"]}
        named = {
            node.value
            for source in tree.code()
            if source.member == service and source.module == "app"
            for node in ast.walk(source.syntax)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and TOPIC.fullmatch(node.value)
        }
        if named:
            found += [f"{service}/app: does not subscribe to {name}" for name in sorted(declared - named)]
            found += [f"{service}/app: {name} does not name it as consumer" for name in sorted(named - declared)]
    return found


def orphan_messages(tree: Tree) -> list[str]:
    """Events that others publish or nobody does, commands that nobody gives, and what nobody takes."""
    topics, consumed, made = topics_of(tree), consumed_by(tree), made_by(tree)
    return [
        f"{message.name}: {fault}"
        for message in messages_of(tree)
        if message.topic in topics
        for fault in faults_of(message, topics[message.topic], consumed, made)
    ]


def faults_of(
    message: MessageModel, topic: dict, consumed: dict[str, set[str]], made: dict[str, set[str]]
) -> Iterator[str]:
    owner = topic["owner"]
    makers = {member for member, names in made.items() if message.name in names}
    takers = {service for service, names in consumed.items() if message.name in names}
    if message.kind == "Event":
        if owner != PARTNER and owner not in makers:
            yield f"{owner} never publishes it"
        strangers = makers - {owner} - ({"cli"} if owner == PARTNER else set())
        if strangers:
            yield f"published by {sorted(strangers)}, not by its owner {owner} alone"
        if not takers and not (message.external or topic.get("external")):
            yield "no service takes it"
    else:
        if takers != {owner}:
            yield f"obeyed by {sorted(takers)}, not by {owner} alone"
        if not makers and not message.external:
            yield "nobody gives it"


def orphan_queries(tree: Tree) -> list[str]:
    """Named queries that `repository` does not use, and names it uses that no query has."""
    found: list[str] = []
    for service in tree.services():
        package = f"services/{service}/{service}"
        files = [source for source in tree.files if is_query_file(source, package)]
        named = [name for source in files for name in QUERY.findall(source.text)]
        repository = [source for source in tree.code() if source.member == service and source.module == "repository"]
        used = {name for source in repository for name in queries_used(source)}
        found += [f"{package}/sql: {name} is named twice" for name in sorted({n for n in named if named.count(n) > 1})]
        found += [f"{package}/sql: repository never uses {name}" for name in sorted(set(named) - used)]
        found += [f"{package}/repository: no query is named {name}" for name in sorted(used - set(named))]
    return found


def is_query_file(source: Source, package: str) -> bool:
    return source.name == f"{package}/sql/queries.sql" or source.name.startswith(f"{package}/sql/queries/")


def queries_used(source: Source) -> Iterator[str]:
    """The names in `queries.select_x`, `queries["select_x"]` and `queries("select_x")`, in capitals or not."""
    for node in ast.walk(source.syntax):
        match node:
            case ast.Attribute(value=holder, attr=name) if is_holder(holder) and not name.startswith("_"):
                yield name
            case ast.Subscript(value=holder, slice=ast.Constant(value=str(name))) if is_holder(holder):
                yield name
            case ast.Call(func=holder, args=[ast.Constant(value=str(name)), *_]) if is_holder(holder):
                yield name


def is_holder(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.strip("_").lower() in QUERY_HOLDERS


def test_the_rules_see_the_messages_that_the_registry_has(tree: Tree):
    from contracts.registry import MESSAGES  # noqa: PLC0415  the other tests here run without it

    assert {message.name for message in messages_of(tree)} == set(MESSAGES)
    assert len(MESSAGES) > 10


@pytest.mark.parametrize("rule", [orphan_topics, unread_topics, orphan_messages, orphan_queries])
def test_our_tree_has_no_orphans(tree: Tree, rule: Rule):
    found = rule(tree)
    assert not found, listed(found)


# --- a made-up platform ------------------------------------------------------------------------------------

MADE_UP = {
    TOPICS: """
        ledger.case-files.v1: {owner: ledger, consumers: [legal]}
        legal.requests.v1: {owner: legal, consumers: [legal]}
        "legal.partner-{partner}-acts.v1": {owner: partner, consumers: [legal], external: true}
        """,
    "libs/contracts/contracts/all.py": """
class CaseFilePaid(Event):
    topic: ClassVar[str] = "ledger.case-files.v1"
class MandateProcedure(Command):
    topic: ClassVar[str] = "legal.requests.v1"
class PartnerAct(Event):
    topic: ClassVar[str] = "legal.partner-{partner}-acts.v1"
class Balance(Value):
    cents: int
""",
    "services/ledger/pyproject.toml": "",
    "services/ledger/ledger/handlers.py": "return Decision(x, [CaseFilePaid(on=day)])",
    "services/ledger/ledger/consumers.py": "CONSUMERS = Consumers(on=[])",
    "services/ledger/ledger/sql/queries.sql": "-- name: select_due\nSELECT 1;\n\n-- name: select_all\nSELECT 2;\n",
    "services/ledger/ledger/repository.py": "queries.select_due\n_QUERIES['select_all']",
    "services/legal/pyproject.toml": "",
    "services/legal/legal/app.py": """
TOPICS = ("ledger.case-files.v1", "legal.requests.v1", "legal.partner-{partner}-acts.v1")
""",
    "services/legal/legal/handlers.py": "def f(event: CaseFilePaid): ...",
    "services/legal/legal/consumers.py": "X = [On(message=m) for m in (CaseFilePaid, MandateProcedure, PartnerAct)]",
    "cli/cli/demo.py": "MandateProcedure.of(1), PartnerAct(act='served')",
}


def all_orphans(tree: Tree) -> list[str]:
    return [*orphan_topics(tree), *unread_topics(tree), *orphan_messages(tree), *orphan_queries(tree)]


def test_a_platform_without_orphans_passes(plant: Plant):
    assert all_orphans(plant(MADE_UP)) == []


CONTRACTS = "libs/contracts/contracts/all.py"


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (TOPICS, "[legal]}\n        legal", "[intake]}\n        legal", "declares ['intake'], is read by ['legal']"),
        (TOPICS, "owner: ledger", "owner: bank", "ledger.case-files.v1: owner bank is no service"),
        (
            TOPICS,
            "external: true}",
            "external: true}\n        ledger.x.v1: {owner: ledger, consumers: []}",
            "no message",
        ),
        (CONTRACTS, "ledger.case-files.v1", "ledger.payments.v1", "CaseFilePaid: no topic 'ledger.payments.v1'"),
        ("services/ledger/ledger/handlers.py", "CaseFilePaid", "dict", "CaseFilePaid: ledger never publishes it"),
        ("services/legal/legal/handlers.py", "...", "CaseFilePaid()", "CaseFilePaid: published by ['legal']"),
        ("services/legal/legal/handlers.py", "...", "PartnerAct()", "PartnerAct: published by ['legal']"),
        ("services/legal/legal/consumers.py", "CaseFilePaid, ", "", "CaseFilePaid: no service takes it"),
        ("services/legal/legal/consumers.py", "MandateProcedure, ", "", "MandateProcedure: obeyed by []"),
        (
            "services/ledger/ledger/consumers.py",
            "[]",
            "[MandateProcedure]",
            "MandateProcedure: obeyed by ['ledger', 'legal']",
        ),
        ("cli/cli/demo.py", "MandateProcedure.of(1)", "1", "MandateProcedure: nobody gives it"),
        ("services/legal/legal/app.py", '"legal.requests.v1", ', "", "does not subscribe to legal.requests.v1"),
        ("services/legal/legal/app.py", "legal.requests", "intake.requests", "intake.requests.v1 does not name it"),
        ("services/ledger/ledger/repository.py", "_QUERIES['select_all']", "", "repository never uses select_all"),
        ("services/ledger/ledger/repository.py", "select_due", "select_late", "no query is named select_late"),
        ("services/ledger/ledger/sql/queries.sql", "select_all", "select_due", "select_due is named twice"),
    ],
)
def test_an_orphan_is_found(plant: Plant, file: str, old: str, new: str, fault: str):
    assert old in MADE_UP[file]
    found = all_orphans(plant({**MADE_UP, file: MADE_UP[file].replace(old, new, 1)}))
    assert [line for line in found if fault in line], listed(found)


def test_a_message_may_declare_that_it_is_for_the_outside(plant: Plant):
    external = (
        "class Seen(Event):\n    topic: ClassVar[str] = 'ledger.case-files.v1'\n    external: ClassVar[bool] = True\n"
    )
    handler = "CaseFilePaid(), Seen()"
    made_up = plant(
        {**MADE_UP, CONTRACTS: MADE_UP[CONTRACTS] + external, "services/ledger/ledger/handlers.py": handler}
    )
    assert all_orphans(made_up) == []
