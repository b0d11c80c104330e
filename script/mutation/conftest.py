"""What the tests of the core share while its mutants are tested, in place of `tests/conftest.py`.

The same examples are tried for each mutant, so that a second run finds what the first one found;
what fails is not made smaller.
"""

from collections.abc import Callable

from hypothesis import HealthCheck, Phase, settings
import pytest

settings.register_profile(
    "mutation",
    database=None,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutation")


@pytest.fixture
def figure() -> Callable[[str], None]:
    """Return what keeps the counts of a test that nobody reads here."""
    told: list[str] = []
    return told.append
