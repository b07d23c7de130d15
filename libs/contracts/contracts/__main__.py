"""`python -m contracts`: write the schemas and the page of events anew."""

import sys
from pathlib import Path

from contracts.page import render
from contracts.schemas import write_schemas


def main() -> None:
    """Write what is stale and say what changed. The page's path may be given; it is docs/events.md by default."""
    page = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/events.md")
    changed = write_schemas()
    text = render()
    if not page.exists() or page.read_text("utf-8") != text:
        page.write_text(text, "utf-8")
        changed.append(str(page))
    sys.stdout.write("".join(f"{name}\n" for name in changed))


if __name__ == "__main__":
    main()
