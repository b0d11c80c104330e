"""What the tests of the core share: property tests that do not depend on the machine's mood."""

from hypothesis import settings
import pytest

# Time limits on single examples fail on a busy machine, and say nothing about the code.
settings.register_profile("core", deadline=None)
settings.load_profile("core")

FALSE_ALARM = "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
"""The Home Assistant test plugin freezes the garbage collector; hypothesis then does not see who
holds its own random generator, and warns of itself."""


def pytest_configure(config: pytest.Config) -> None:
    """Let hypothesis's false alarm pass."""
    config.addinivalue_line("filterwarnings", FALSE_ALARM)
