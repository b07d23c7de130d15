"""The service that the README shows is the one that runs here."""

import re
from pathlib import Path

import pytest

from common.service import Service
from testkit import toy

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "libs/common/README.md").read_text("utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_readme_shows_the_tested_service_to_the_letter():
    assert SNIPPETS[0] == Path(toy.__file__).read_text("utf-8")


def test_the_process_of_the_readme_is_built_as_shown(monkeypatch: pytest.MonkeyPatch):
    served: list[Service] = []
    monkeypatch.setattr(Service, "run", lambda service: served.append(service))  # noqa: PLW0108  a builtin is not bound to the service, a function is
    environment = {"DATABASE_URL": "postgresql://nobody@127.0.0.1/toy", "INSTANCE": "toy-0", "HTTP_PORT": "8080"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    exec(compile(SNIPPETS[1], "README.md", "exec"), {})  # noqa: S102  our own page

    (service,) = served
    assert service.consumers is toy.CONSUMERS
    assert service.topics == ["toy.requests.v1"]
