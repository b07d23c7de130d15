"""Names say what a thing is: some words say nothing, some could mean two things."""

import ast
from collections.abc import Iterator

import pytest
from source_tree import Plant, Tree, listed

BANNED = {
    "data", "info", "item", "manager", "process", "util", "helper", "misc", "handle", "status2",  # say nothing
    "case",  # case_file, or text case?
    "account",  # trust_account, client_account, bank_account?
    "party",  # debtor, creditor, client?
}  # fmt: skip
ALLOWED = "# name: "  # at the end of a line, with the reason: a framework calls it so


def names_given(node: ast.AST) -> Iterator[tuple[str, int]]:
    """The names that one piece of code gives to something of ours, with their line."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name, node.lineno
        case ast.arg():
            yield node.arg, node.lineno
        case ast.Name(ctx=ast.Store()):
            yield node.id, node.lineno
        case ast.Attribute(ctx=ast.Store()):
            yield node.attr, node.lineno
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name, node.lineno
        case ast.alias(asname=str(name)):
            yield name, node.lineno
        case _:
            return


def banned_names(tree: Tree) -> list[str]:
    """Variables, arguments, attributes, functions and classes that bear a banned word as their whole name."""
    return [
        f"{source.name}:{line}: {name}"
        for source in tree.code()
        for node in ast.walk(source.syntax)
        for name, line in names_given(node)
        if name.strip("_").lower() in BANNED and ALLOWED not in source.line(line)
    ]


def test_no_name_is_a_word_that_says_nothing(tree: Tree):
    found = banned_names(tree)
    assert not found, listed(found)


@pytest.mark.parametrize(
    "text",
    [
        "data = 1",
        "def handle(): ...",
        "async def process(): ...",
        "class Account: ...",
        "class Row:\n    info: str",
        "def post(*, party): ...",
        "for item in (): ...",
        "_helper = 1",
        "self.misc = 1",
        "import json as util",
        "with open() as data: ...",
        "[case for case in ()]",
        "match 1:\n    case data: ...",
        "lambda account: 1",
    ],
)
def test_a_banned_name_is_found(plant: Plant, text: str):
    assert len(banned_names(plant({"libs/common/common/x.py": text}))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "trust_account = 1",
        "class ClientAccount: ...",
        "response.data",
        "row(data=1)",
        "async def handle(): ...  # name: aiosmtpd calls it so",
        "match 1:\n    case 1: ...",
    ],
)
def test_a_qualified_name_and_a_word_of_others_pass(plant: Plant, text: str):
    assert banned_names(plant({"libs/common/common/x.py": text})) == []


def test_tests_may_use_any_name(plant: Plant):
    assert banned_names(plant({"libs/common/tests/test_x.py": "data = 1"})) == []
