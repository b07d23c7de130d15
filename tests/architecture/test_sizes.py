"""A file fits 400 lines and a function a screen."""

import ast

from source_tree import Plant, Tree, listed

FILE_LINES = 400
FUNCTION_LINES = 50
LONG_BY_NATURE = {"data", "generated"}  # tables and what a program wrote


def oversized(tree: Tree) -> list[str]:
    """Files and functions that outgrew their limit. Such a file becomes a package of its name, split by noun."""
    found: list[str] = []
    for source in tree.code():
        if LONG_BY_NATURE.intersection(source.parts):
            continue
        length = len(source.text.splitlines())
        if length > FILE_LINES:
            found.append(f"{source.name}: {length} lines, at most {FILE_LINES}")
        for node in ast.walk(source.syntax):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES:
                    found.append(f"{source.name}:{node.lineno}: {node.name} has {lines} lines")
    return found


def test_every_file_and_function_keeps_its_size(tree: Tree):
    found = oversized(tree)
    assert not found, listed(found)


def test_a_long_file_and_a_long_function_are_found(plant: Plant):
    method = "class Journal:\n    def post(self):\n" + "        pass\n" * (FUNCTION_LINES - 1)
    function = "async def crawl():\n" + "    pass\n" * FUNCTION_LINES
    made_up = plant(
        {
            "libs/common/common/long.py": "pass\n" * (FILE_LINES + 1),
            "libs/common/common/fits.py": "pass\n" * FILE_LINES,
            "services/ledger/ledger/domain.py": method + function,
            "services/ledger/tests/unit/test_long.py": "pass\n" * 900,
            "libs/statutes/statutes/data/table.py": "pass\n" * 900,
        }
    )
    assert oversized(made_up) == [
        "libs/common/common/long.py: 401 lines, at most 400",
        "services/ledger/ledger/domain.py:52: crawl has 51 lines",
    ]
