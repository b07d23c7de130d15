"""What no file of ours says or loads."""

import ast
import re

import pytest
from source_tree import Plant, Rule, Tree, listed

NOT_OURS = re.compile(
    r"\.\./" + r"shared\b|/work" + r"/(?:main|shared)\b"
)  # put together, so that it does not find itself
FETCHED_PACKAGE = re.compile(r"@(?:preview|local)/|[\"']@(?:preview|local)\b")
SELLS_FEATURES = re.compile(
    r"licen[cs]e[ _-]?(?:key|token|check)"
    r"|(?:community|enterprise|premium|paid)[ _-]edition|\bis_(?:premium|licen[cs]ed)\b",
    re.IGNORECASE,
)
CODE_SUFFIXES = {".py", ".sh", ".sql", ".toml", ".yaml", ".yml", ".typ", ".json", ".example", ""}
THIS = "tests/architecture/test_text.py"


def names_what_is_not_in_the_repository(tree: Tree) -> list[str]:
    """Folders of one machine or of no checkout."""
    return [
        f"{source.name}:{number}: {line.strip()[:80]}"
        for source in tree.texts()
        for number, line in enumerate(source.text.splitlines(), start=1)
        if NOT_OURS.search(line)
    ]


def parses_xml_with_the_standard_library(tree: Tree) -> list[str]:
    """It expands bombs. lxml through one factory does not."""
    found: list[str] = []
    for source in tree.code():
        for node in ast.walk(source.syntax):
            match node:
                case ast.Import(names=names):
                    modules = [alias.name for alias in names]
                case ast.ImportFrom(module=str(module), level=0):
                    modules = [module]
                case _:
                    continue
            if any(module.split(".")[0] == "xml" for module in modules):
                found.append(f"{source.name}:{node.lineno}: {', '.join(modules)}")
    return found


def loads_a_template_package(tree: Tree) -> list[str]:
    """Typst packages are fetched when a letter is set: a letter must not depend on a download."""
    return [
        f"{source.name}:{number}: {line.strip()[:80]}"
        for source in tree.files
        if source.name.endswith(".typ") or (source.name.endswith(".py") and source.name != THIS)
        for number, line in enumerate(source.text.splitlines(), start=1)
        if FETCHED_PACKAGE.search(line)
    ]


def switches_by_licence(tree: Tree) -> list[str]:
    """There is one edition, whole and free."""
    return [
        f"{source.name}:{number}: {line.strip()[:80]}"
        for source in tree.texts()
        if source.path.suffix in CODE_SUFFIXES and source.name != THIS
        for number, line in enumerate(source.text.splitlines(), start=1)
        if SELLS_FEATURES.search(line)
    ]


RULES = [
    names_what_is_not_in_the_repository,
    parses_xml_with_the_standard_library,
    loads_a_template_package,
    switches_by_licence,
]


@pytest.mark.parametrize("rule", RULES)
def test_our_tree_keeps_the_rule(tree: Tree, rule: Rule):
    found = rule(tree)
    assert not found, listed(found)


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (names_what_is_not_in_the_repository, "docs/a.md", "see ../" + "shared/design.md"),
        (names_what_is_not_in_the_repository, "deploy/docker/Dockerfile", "COPY /work" + "/main ."),
        (
            parses_xml_with_the_standard_library,
            "services/intake/intake/formats/ubl.py",
            "import xml.etree as tree",
        ),
        (parses_xml_with_the_standard_library, "services/ledger/ledger/bank/camt.py", "from xml.dom import minidom"),
        (
            loads_a_template_package,
            "services/notifications/n/letter.typ",
            '#import "@preview/tiaoma:0.3.0"',
        ),
        (
            loads_a_template_package,
            "services/notifications/n/x.py",
            "T = '#import \"@local/letter:1.0.0\"'",
        ),
        (switches_by_licence, "libs/common/common/settings.py", "licence_key: str"),
        (switches_by_licence, ".env.example", "LICENSE_KEY="),
        (switches_by_licence, "cli/cli/app.py", "if enterprise_edition: ..."),
    ],
)
def test_a_breach_is_found(plant: Plant, rule: Rule, name: str, text: str):
    assert len(rule(plant({name: text}))) == 1


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (names_what_is_not_in_the_repository, "docs/a.md", "shared by all; work/main"),
        (parses_xml_with_the_standard_library, "services/intake/intake/formats/ubl.py", "from lxml import etree"),
        (loads_a_template_package, "services/notifications/n/letter.typ", '#import "parts.typ"'),
        (switches_by_licence, "services/legal/legal/domain.py", "is_enterprise: bool  # the debtor"),
    ],
)
def test_what_is_allowed_passes(plant: Plant, rule: Rule, name: str, text: str):
    assert rule(plant({name: text})) == []
