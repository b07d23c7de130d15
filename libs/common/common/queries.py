"""Named queries: SQL stands in `sql/queries.sql` of its service, one block after each `-- name: some_name`."""

import re
from importlib.resources import files

NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)


class Queries:
    """SQL texts by name: `QUERIES.select_due_case_files`."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def __getattr__(self, name: str) -> str:
        try:
            return self.texts[name]
        except KeyError:
            raise AttributeError(f"no query is named {name!r}") from None


def parse_queries(text: str) -> Queries:
    """Split a file of named queries. Raises ValueError for a name that stands twice."""
    parts = NAME.split(text)
    names, bodies = parts[1::2], parts[2::2]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"queries named twice: {', '.join(sorted(twice))}")
    return Queries({name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)})


def load_queries(package: str) -> Queries:
    """The named queries of a service."""
    return parse_queries((files(package) / "sql" / "queries.sql").read_text("utf-8"))
