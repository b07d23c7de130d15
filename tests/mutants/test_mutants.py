"""Each safety element is held by a test: without it, that test is red."""

import pytest
from mutants import MUTANTS, killed_by


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "_"))
def test_a_test_goes_red_without(mutant):
    assert killed_by(mutant) is not None, f"nothing notices that {mutant.name}"
