from pathlib import Path

import pytest

from local_stack.platform import Platform


@pytest.fixture
def platform(tmp_path: Path, postgres: str, kafka: str, prefix: str):
    """A platform of one service, prepared and not started."""
    made = Platform(
        tmp_path / "a state",
        database_url=postgres,
        bootstrap=kafka,
        database_prefix=prefix,
        topic_prefix=prefix,
        services=("legal",),
    )
    made.prepare()
    yield made
    made.erase()
