"""A path that a document names exists, and so does the function that it names in it."""

import ast
import re
from collections.abc import Iterator

import pytest
from source_tree import Plant, Source, Tree, listed

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"(?P<path>[\w.{},-]+(?:/[\w.{},-]+)*/?)(?:::?(?P<name>[A-Za-z_]\w*)(?:\(\))?)?")
FILE_SUFFIXES = (
    ".py",
    ".md",
    ".sql",
    ".yaml",
    ".yml",
    ".toml",
    ".json",
    ".typ",
    ".sh",
    ".css",
    ".html",
    ".svg",
    ".png",
)
MADE_WHEN_RUN = (
    ".quittance/",
    ".venv/",
    "portfolio/",
    "mail/",
    "sms/",
    "letters/",
    "bank/in/",
    "bank/out/",
    "partners/",
)


def documents(tree: Tree) -> list[Source]:
    """What people read: the documents of the root, of `docs/`, and each member's README."""
    return [
        source
        for source in tree.files
        if source.name.endswith(".md")
        and (source.parts[0] == "docs" or source.path.name in {"README.md", "CONTRIBUTING.md"})
    ]


def missing_paths(tree: Tree) -> list[str]:
    """Paths and names in documents that lead nowhere."""
    found: list[str] = []
    for document in documents(tree):
        found += [
            f"{document.name}: {target} does not exist"
            for target in dict.fromkeys(links(document))
            if not (document.path.parent / target).exists()
        ]
        for path, name in dict.fromkeys(paths(tree, document)):
            places = [place for place in expanded(tree, document, path) if place.exists()]
            if not places:
                found.append(f"{document.name}: {path} does not exist")
            elif name and not any(defines(tree, place.relative_to(tree.root).as_posix(), name) for place in places):
                found.append(f"{document.name}: {path} has no {name}")
    return found


def links(document: Source) -> Iterator[str]:
    """Targets of links inside the repository, without their anchors."""
    for target in LINK.findall(FENCE.sub("", document.text)):
        path = target.split("#")[0]
        if path and not re.match(r"[a-z]+:", path):
            yield path


def paths(tree: Tree, document: Source) -> Iterator[tuple[str, str]]:
    """Code spans that are a path of ours, with the name behind it (`handlers.py:record_payment`)."""
    firsts = {path.name for path in tree.root.iterdir() if not path.name.startswith(".")} | set(tree.members())
    for span in CODE.findall(FENCE.sub("", document.text)):
        match = PATH.fullmatch(span.removeprefix("./"))
        if match is None or span.startswith(MADE_WHEN_RUN):
            continue
        path = match["path"]
        is_placeholder = "{" in path or "NNNN" in path or "..." in path
        is_ours = "/" in path and (path.split("/")[0] in firsts or path.endswith(FILE_SUFFIXES))
        if not is_placeholder and (is_ours or (match["name"] and path.endswith(".py"))):
            yield path, match["name"] or ""


def expanded(tree: Tree, document: Source, path: str) -> Iterator:
    """Where a path may start: the root, the document's folder, a member's folder, a member's package."""
    yield tree.root / path
    yield document.path.parent / path
    for package, folder in tree.members().items():
        if folder == document.path.parent or path.split("/", maxsplit=1)[0] == package:
            yield folder / path
        if folder == document.path.parent:
            yield folder / package / path


def defines(tree: Tree, name: str, wanted: str) -> bool:
    """Whether a file defines this name anywhere: a function, class, method or constant; a query in SQL."""
    source = Source(tree.root, name)
    if not name.endswith(".py"):
        return re.search(rf"\b{re.escape(wanted)}\b", source.text) is not None
    return any(
        wanted == getattr(node, "name", None) or (isinstance(node, ast.Name) and node.id == wanted)
        for node in ast.walk(source.syntax)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Name)
    )


def test_what_the_documents_name_exists(tree: Tree):
    assert len(documents(tree)) > 1
    found = missing_paths(tree)
    assert not found, listed(found)


MADE_UP = {
    "services/ledger/ledger/__init__.py": "",
    "services/ledger/ledger/handlers.py": "def record_payment(): ...\nclass Journal:\n    def post(): ...\nLIMIT = 1\n",
    "services/ledger/ledger/sql/queries.sql": "-- name: select_due\nSELECT 1;\n",
    "docs/glossary.md": "",
    "deploy/kafka/README.md": "",
}


@pytest.mark.parametrize(
    "text",
    [
        "`services/ledger/ledger/handlers.py`",
        "`ledger/handlers.py`, `services/ledger/`, `docs/`",
        "`ledger/handlers.py:record_payment`, `ledger/handlers.py::post()`, `ledger/handlers.py:LIMIT`",
        "`ledger/sql/queries.sql:select_due`",
        "[words](glossary.md#claim), [out](https://example.org/a/b.md), [here](#anchor)",
        "`application/json`, `POST /claims`, `NL/BE`, `ledger.case-files.v1`, `services/{name}/README.md`, `a.py`",
        "`.quittance/demo/account.json`, `mail/*.eml`, `done/`",
        "```sh\ncat services/nowhere/x.py `docs/nowhere.md`\n```",
    ],
)
def test_a_document_that_names_what_exists_passes(plant: Plant, text: str):
    assert missing_paths(plant({**MADE_UP, "docs/life.md": text})) == []


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("docs/life.md", "`services/ledger/ledger/helpers.py`"),
        ("docs/life.md", "`ledger/domain.py`"),
        ("docs/life.md", "`ledger/handlers.py:follow_payment`"),
        ("docs/life.md", "`ledger/sql/queries.sql:select_late`"),
        ("docs/life.md", "`docs/runbooks/`"),
        ("docs/life.md", "[words](glossaries.md)"),
        ("README.md", "`deploy/compose.yaml`"),
        ("CONTRIBUTING.md", "`nowhere/recipe.md`"),
        ("services/ledger/README.md", "`sql/tables.sql`"),
        ("services/ledger/README.md", "`domain.py:is_settled`"),
    ],
)
def test_a_document_that_names_nothing_is_found(plant: Plant, document: str, text: str):
    assert len(missing_paths(plant({**MADE_UP, document: text}))) == 1


def test_a_readme_may_name_paths_of_its_own_package(plant: Plant):
    text = "`handlers.py:record_payment`, `sql/queries.sql`, `ledger/handlers.py`"
    assert missing_paths(plant({**MADE_UP, "services/ledger/README.md": text})) == []
