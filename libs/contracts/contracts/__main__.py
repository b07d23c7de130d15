"""`python -m contracts`: write the schemas, the page of events and the AsyncAPI document anew."""

import sys
from pathlib import Path

from contracts.asyncapi import render_asyncapi
from contracts.page import render
from contracts.schemas import write_schemas


def main() -> None:
    """Write what is stale and say what changed. The page may be given, else docs/events.md; asyncapi.json is beside."""
    page = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/events.md")
    changed = write_schemas()
    for path, text in ((page, render()), (page.with_name("asyncapi.json"), render_asyncapi())):
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            changed.append(str(path))
    sys.stdout.write("".join(f"{name}\n" for name in changed))


if __name__ == "__main__":
    main()
